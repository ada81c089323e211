/** What registries say: error bodies, headers and lists of tags. */

import { assert, assertEquals } from "@std/assert";
import { problem } from "../../registry_server/answers.ts";
import type { Row } from "./row.ts";
import { type Answers, EVIL, filler, SILENCE, type World } from "./world.ts";

const ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[1;31mhello\u202e dlrow\r\n\x9b2K";

/** The answer to the GET of the manifest. */
function manifest(
  status: number,
  body: string | (() => Uint8Array<ArrayBuffer> | undefined),
  headers: Record<string, string> = {},
): Answers {
  return {
    manifest: (_sent, _count, world) => world.reply(status, headers, body),
  };
}

const errors = (message: unknown, code: unknown = "DENIED") =>
  JSON.stringify({ errors: [{ code, message }] });

/** Repeats what it was sent. */
function echo(form: (token: string, world: World) => string): Answers {
  return {
    manifest: ({ headers }, _count, world) => {
      const token = headers.get("authorization")!.slice("Bearer ".length);
      return world.json({
        errors: [{
          code: "DENIED",
          message: form(token, world),
          detail: token,
        }],
      }, 403);
    },
  };
}

/** Waits that nobody should agree to. */
const WAITS: [what: string, value: string][] = [
  ["of thirty years", "999999999"],
  ["until the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT"],
];

/** What registries say. */
export const words: Row[] = [
  {
    what: "escape sequences in an error's message",
    answers: manifest(403, errors(ESCAPES, `D\x1b[31m`)),
    ends: "RegistryError",
    says: /hello dlrow/,
  },
  {
    what: "escape sequences in an error of plain text",
    answers: manifest(403, ESCAPES, { "content-type": "text/plain" }),
    ends: "RegistryError",
    says: /hello dlrow/,
  },
  {
    what: "an error of 200 MB",
    answers: manifest(403, filler(200_000_000, "{")),
    ends: "RegistryError",
    says: /HTTP 403/,
    bytes: 1_300_000,
  },
  {
    what: "an error of 900 errors, each of 1000 letters",
    answers: manifest(
      403,
      JSON.stringify({
        errors: Array(900).fill({
          code: "A".repeat(500),
          message: "b".repeat(500),
        }),
      }),
    ),
    ends: "RegistryError",
    says: /HTTP 403/,
    check: (_world, written) => assert(written.length < 40_000),
  },
  {
    what: "an error nested a hundred thousand deep",
    answers: manifest(403, `{"error":`.repeat(100_000)),
    ends: "RegistryError",
    says: /HTTP 403/,
  },
  {
    what: "an error whose code and message are no text",
    answers: manifest(403, errors({ toString: 1 }, [[]])),
    ends: "RegistryError",
    says: /HTTP 403/,
  },
  {
    what: "an error that repeats the token",
    answers: echo((token) => `your token is ${token}`),
    ends: "RegistryError",
    says: /•••/,
  },
  {
    what: "an error that repeats the token in an address",
    answers: echo((token) => `see https://x.example/?t=${token} or ${token}`),
    ends: "RegistryError",
    says: /•••/,
  },
  {
    what: "a page of HTML as an error",
    answers: manifest(502, "<html><title>502 Bad\x1b[1mGateway</title>"),
    ends: "RegistryError",
    says: /HTTP 502/,
  },
  ...WAITS.map(([what, value]): Row => ({
    what: `a Retry-After ${what}`,
    answers: manifest(429, errors("slow down", "TOOMANYREQUESTS"), {
      "retry-after": value,
    }),
    ends: "RegistryError",
    says: /HTTP 429/,
    requests: 3,
  })),
  {
    what: "too many requests for ever, with no wait",
    answers: manifest(429, errors("again", "TOOMANYREQUESTS"), {
      "retry-after": "0",
    }),
    ends: "RegistryError",
    says: /HTTP 429/,
  },
  {
    what: "an answer that never comes",
    answers: {
      manifest: (_sent, _count, world) => world.reply(200, {}, SILENCE),
    },
    options: { timeout: 60, retries: 1 },
    ends: "NetworkError",
    says: /no byte for|not complete within/,
  },
  {
    what: "a Link to a stranger behind the list of tags",
    answers: {
      ...manifest(404, errors("none", "MANIFEST_UNKNOWN")),
      tags: (_sent, _count, world) =>
        world.reply(200, {
          link: `<https://${EVIL}/v2/team/app/tags/list?last=x>; rel="next"`,
        }, '{"tags":["1.1"]}'),
    },
    ends: "RegistryError",
    says: /MANIFEST_UNKNOWN/,
    check: ({ zoo }) => assertEquals(zoo.log(EVIL), []),
  },
  {
    what: "a Link to the next page, for ever",
    answers: {
      ...manifest(404, errors("none", "MANIFEST_UNKNOWN")),
      tags: (_sent, count, world) =>
        world.reply(200, {
          link: `</v2/team/app/tags/list?n=1&last=${count}>; rel="next"`,
        }, '{"tags":["1.1"]}'),
    },
    ends: "RegistryError",
    says: /MANIFEST_UNKNOWN/,
    requests: 18,
  },
  {
    what: "tags full of escape sequences, and of paths",
    answers: {
      ...manifest(404, errors("none", "MANIFEST_UNKNOWN")),
      tags: (_sent, _count, world) =>
        world.json({ tags: [ESCAPES, "../../x", "1.0/../..", "1.00"] }),
    },
    ends: "RegistryError",
    check: (_world, written) => {
      assert(written.includes("the nearest tag is 1.00"), written);
      assert(!written.includes("../"));
    },
  },
  {
    what: "a list of tags of 200 MB",
    answers: {
      ...manifest(404, errors("none", "MANIFEST_UNKNOWN")),
      tags: (_sent, _count, world) =>
        world.reply(200, {}, filler(200_000_000, "{")),
    },
    ends: "RegistryError",
    says: /MANIFEST_UNKNOWN/,
  },
  {
    what: "a challenge in a message, as if it were one",
    answers: manifest(
      403,
      errors('WWW-Authenticate: Bearer realm="https://127.0.0.1/"'),
    ),
    ends: "RegistryError",
    says: /HTTP 403/,
    requests: 3,
  },
  {
    what: "a cookie, which nobody keeps",
    answers: {
      token: (_sent, _count, world) => {
        const { status, bytes } = problem(401, "UNAUTHORIZED", "no");
        return world.reply(status, { "set-cookie": "sid=evil" }, bytes);
      },
    },
    ends: "RegistryError",
    check: ({ zoo }) => {
      for (const { headers } of zoo.sent) {
        assertEquals(headers.get("cookie"), null);
      }
    },
  },
];
