/** Redirects, and hosts that one is led to. */

import { assert, assertEquals } from "@std/assert";
import { image } from "../scene.ts";
import type { Row } from "./row.ts";
import {
  type Answers,
  challenge,
  EVIL,
  HOST,
  manifestWith,
  redirect,
  STORE,
  type World,
} from "./world.ts";

/** Answers of all blobs. */
function blobs(answer: Answers["layer"]): Answers {
  return { config: answer, layer: answer };
}

/** Wants a login, and has a token server of its own. */
const wantsLogin: Answers["other"] = (_sent, _count, world) =>
  world.reply(401, {
    "www-authenticate": `Bearer realm="https://${EVIL}/token",service="e"`,
  }, "{}");

/** Nobody but the registry and its token server got an Authorization. */
function assertNoLogin({ zoo }: World): void {
  for (const { url, headers } of zoo.sent) {
    if (url.host === EVIL || url.host === STORE) {
      assertEquals(headers.get("authorization"), null);
    }
  }
}

/** Redirects that are not followed. */
const TARGETS: [what: string, location: string, says: RegExp][] = [
  ["plain http", `http://${HOST}/v2/x`, /from https to http/],
  ["a file", "file:///etc/passwd", /none of the web/],
  ["ftp", `ftp://${EVIL}/x`, /none of the web/],
  ["data", "data:application/json,{}", /none of the web/],
  ["an address that is none", "https://[", /none of the web/],
];

const targets: Row[] = TARGETS.flatMap(([what, location, says]): Row[] => {
  // A blob is known by its digest, so plain http is good enough for it.
  const followed = location.startsWith("http:");
  return [
    {
      what: `a manifest that leads to ${what}`,
      answers: { manifest: redirect(location) },
      ends: "NetworkError",
      says,
    },
    {
      what: `a blob that leads to ${what}`,
      answers: blobs(redirect(location)),
      ends: followed ? "RegistryError" : "NetworkError",
      says: followed ? /HTTP 401/ : says,
    },
  ];
});

/**
 * The first layer of which the manifest says that it can be had elsewhere.
 * What is asked for the others, side by side with it, is right.
 */
function foreign(world: World, urls: string[]): void {
  const [first, ...others] = image.layers;
  world.tag(manifestWith({ layers: [{ ...first, urls }, ...others] }));
}

const none: Answers["layer"] = (_sent, _count, world) =>
  world.json({ errors: [{ code: "BLOB_UNKNOWN", message: "none" }] }, 404);

/** That layer, which the registry has not. */
const missing: Answers["layer"] = (sent, count, world) =>
  sent.url.pathname.endsWith(image.layers[0]!.digest)
    ? none(sent, count, world)
    : undefined;

/** Redirects, and hosts that one is led to. */
export const redirects: Row[] = [
  ...targets,
  {
    what: "a redirect to itself, for ever",
    answers: {
      manifest: redirect(`https://${HOST}/v2/team/app/manifests/1.0`),
    },
    ends: "NetworkError",
    says: /more than 10 times/,
    requests: 14,
  },
  {
    what: "a redirect to the next host, for ever",
    answers: {
      manifest: redirect("https://h0.evil.example/"),
      other: (_sent, count, world) =>
        world.reply(302, { location: `https://h${count}.evil.example/` }),
    },
    ends: "NetworkError",
    says: /more than 10 times/,
    requests: 14,
    check: ({ zoo }) => {
      for (const { url, headers } of zoo.sent) {
        if (!url.host.endsWith(EVIL)) continue;
        assertEquals(headers.get("authorization"), null);
      }
    },
  },
  {
    what: "a redirect without a Location",
    answers: { manifest: (_sent, _count, world) => world.reply(307) },
    ends: "RegistryError",
    says: /HTTP 307/,
  },
  {
    what: "a manifest that leads to a stranger who wants a login",
    answers: {
      manifest: redirect(`https://${EVIL}/v2/team/app/manifests/1.0`),
      other: wantsLogin,
    },
    ends: "RegistryError",
    says: /HTTP 401/,
    check: assertNoLogin,
  },
  {
    what: "a redirect back to the registry, by way of a stranger",
    answers: {
      manifest: (_sent, count, world) =>
        count === 1
          ? world.reply(307, { location: `https://${EVIL}/` })
          : undefined,
      other: redirect(`https://${HOST}/v2/team/app/manifests/1.0`),
    },
    ends: "RegistryError",
    says: /HTTP 401/,
    check: ({ zoo }) =>
      assertEquals(zoo.sent.at(-1)!.headers.get("authorization"), null),
  },
  {
    what: "/v2/ that leads to a stranger with a challenge of its own",
    answers: {
      challenge: ({ url }, _count, world) =>
        url.pathname === "/v2/"
          ? world.reply(307, { location: `https://${EVIL}/v2/` })
          : world.reply(401),
      other: (sent, _count, world) => wantsLogin(sent, 1, world),
    },
    ends: "RegistryError",
    says: /HTTP 401/,
    check: assertNoLogin,
  },
  {
    what: "a Location with user and password",
    answers: blobs(redirect(`https://user:secret@${EVIL}/blob?sig=1`)),
    ends: "NetworkError",
    says: /https:\/\/evil\.example\/blob\?…: the host is unknown/,
    requests: 16,
    check: (world, written) => {
      assertNoLogin(world);
      assert(!written.includes("user:secret"));
    },
  },
  {
    what: "a storage that wants a login, whatever signature it gets",
    answers: {
      storage: (_sent, _count, world) =>
        world.reply(401, { "www-authenticate": 'Basic realm="storage"' }),
    },
    ends: "RegistryError",
    says: /HTTP 401/,
    check: assertNoLogin,
  },
  {
    what: "a storage whose signed addresses are always over",
    answers: { storage: (_sent, _count, world) => world.reply(403) },
    ends: "RegistryError",
    says: /HTTP 403/,
    check: assertNoLogin,
  },
  {
    what: "a storage that repeats the signed address in its error",
    answers: {
      storage: ({ url }, _count, world) =>
        world.reply(
          403,
          { "content-type": "application/xml" },
          `<Error><Code>Denied</Code><Message>${url.search.slice(1)} ` +
            `and ${url.searchParams.get("X-Amz-Signature")}</Message></Error>`,
        ),
    },
    ends: "RegistryError",
    says: /•••/,
  },
  {
    what: "a foreign layer whose host wants a login",
    prepare: (world) => foreign(world, [`https://${EVIL}/layer`]),
    answers: { layer: missing, other: wantsLogin },
    ends: "RegistryError",
    says: /r\.example.*HTTP 404/,
    check: assertNoLogin,
  },
  {
    what: "a foreign layer that leads back to the registry's token server",
    prepare: (world) => foreign(world, [`https://${EVIL}/layer`]),
    answers: {
      layer: missing,
      other: redirect("https://auth.r.example/token?service=r"),
    },
    ends: "ContentMismatchError",
    says: /bytes instead of/,
    requests: 40,
    check: ({ zoo }) => {
      for (const { url, headers } of zoo.sent) {
        if (url.search === "?service=r") {
          assertEquals(headers.get("authorization"), null);
        }
      }
    },
  },
  {
    what: "a foreign layer by plain http, ftp and file",
    prepare: (world) =>
      foreign(world, [`http://${EVIL}/l`, `ftp://${EVIL}/l`, "file:///x"]),
    answers: { layer: missing },
    ends: "RegistryError",
    says: /HTTP 404/,
    check: ({ zoo }) => assertEquals(zoo.log(EVIL), ["GET /l"]),
  },
  {
    what: "a foreign layer of 1000 addresses",
    prepare: (world) =>
      foreign(
        world,
        Array.from({ length: 1000 }, (_, i) => `https://${EVIL}/${i}`),
      ),
    answers: { layer: missing, other: none },
    ends: "RegistryError",
    says: /HTTP 404/,
    requests: 40,
  },
  {
    what: "the challenge of another registry, replayed by a stranger",
    answers: {
      challenge: redirect(`https://${EVIL}/v2/`),
      other: challenge("https://auth.r.example/token"),
    },
    ends: "RegistryError",
    says: /HTTP 401/,
    check: assertNoLogin,
  },
];
