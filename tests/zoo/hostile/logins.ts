/** Challenges and token servers. */

import { assert, assertEquals } from "@std/assert";
import type { Row } from "./row.ts";
import { AUTH, challenge, endless, EVIL, filler, redirect } from "./world.ts";

/** Realms at which a login is safe with nobody. */
const REALMS: [what: string, realm: string, says: RegExp][] = [
  ["this machine", "https://127.0.0.1/token", /realm-private/],
  ["a cloud's metadata", "https://169.254.169.254/latest", /realm-private/],
  ["a private address in IPv6", "https://[::ffff:a00:1]/t", /realm-private/],
  ["this machine as a number", "https://2130706433/token", /realm-private/],
  ["localhost", "https://auth.localhost:8443/token", /realm-private/],
  ["plain http", `http://${AUTH}/token`, /realm-plain/],
  ["a file", "file:///etc/passwd", /realm-scheme/],
  ["a relative address", "/token", /realm-not-absolute/],
  ["an address with a login", `https://u:p@${EVIL}/t`, /realm-login/],
  ["an address that is none", "https://[::1", /realm-not-absolute/],
];

const realms: Row[] = REALMS.map(([what, realm, says]) => ({
  what: `the realm is ${what}`,
  answers: { challenge: challenge(realm) },
  ends: "AuthenticationError",
  says,
  requests: 1,
}));

/** Replies of the token server that are none. */
const REPLIES: [what: string, reply: string, says: RegExp][] = [
  [
    "of a token that would split a header",
    JSON.stringify({ token: "x\r\nX-Evil: 1" }),
    /reply-bad-token/,
  ],
  [
    "of a token with letters that no header has",
    JSON.stringify({ token: "tökén\u202e" }),
    /reply-bad-token/,
  ],
  ["without a token", '{"token":"","access_token":null}', /reply-no-token/],
  ["that is a list", '["token"]', /reply-no-token/],
  ["that is no JSON", "<token>Sign in</token>", /reply-no-json/],
  ["nested half a million deep", "[".repeat(500_000), /reply-no-json/],
  [
    "nested deep, in balance",
    `${"[".repeat(250_000)}${"]".repeat(250_000)}`,
    /reply-no-json|reply-no-token/,
  ],
];

const replies: Row[] = REPLIES.map(([what, reply, says]) => ({
  what: `a token server's reply ${what}`,
  answers: { token: (_sent, _count, world) => world.reply(200, {}, reply) },
  ends: "AuthenticationError",
  says,
  requests: 2,
}));

/** Challenges and token servers. */
export const logins: Row[] = [
  ...realms,
  ...replies,
  {
    what: "a token server's reply that is a page",
    answers: {
      token: (_sent, _count, world) =>
        world.reply(200, {}, "<html>Sign in</html>"),
    },
    ends: "NetworkError",
    says: /answers with a web page/,
    requests: 2,
  },
  {
    what: "a token of 2 MB",
    answers: {
      token: (_sent, _count, world) =>
        world.json({ token: "x".repeat(2_000_000) }),
    },
    ends: "AuthenticationError",
    says: /reply-too-large/,
    bytes: 2_100_000,
  },
  {
    what: "a token without end",
    answers: {
      token: (_sent, _count, world) => world.reply(200, {}, endless()),
    },
    ends: "AuthenticationError",
    says: /reply-too-large/,
    bytes: 1_300_000,
  },
  {
    what: "a token that trickles in for ever",
    answers: {
      token: (_sent, _count, world) => {
        const response = world.reply(200, {}, endless(1));
        const reader = response.body!.getReader();
        // Whoever turns away leaves no timer behind.
        let timer: ReturnType<typeof setTimeout> | undefined;
        const slow = new ReadableStream({
          pull: async (controller) => {
            const { value } = await reader.read();
            await new Promise<void>((resolve) =>
              timer = setTimeout(resolve, 5)
            );
            controller.enqueue(value);
          },
          cancel: (reason) => {
            clearTimeout(timer);
            return reader.cancel(reason);
          },
        });
        return new Response(slow, response);
      },
    },
    options: { timeout: 40, retries: 0 },
    ends: "NetworkError",
    says: /not complete within 0\.4 s/,
  },
  {
    what: "a token server that leads to this machine",
    answers: { token: redirect("https://127.0.0.1/token") },
    ends: "AuthenticationError",
    says: /realm-private/,
  },
  {
    what: "a token server that leads to plain http",
    answers: { token: redirect("http://auth.r.example/token") },
    ends: "NetworkError",
    says: /from https to http/,
  },
  {
    what: "a token server that leads to a stranger",
    answers: {
      token: redirect(`https://${EVIL}/token`),
      other: (_sent, _count, world) => world.json({ token: "evil-token" }),
    },
    ends: "RegistryError",
    says: /HTTP 401/,
    check: ({ zoo }) => {
      for (const { url, headers } of zoo.sent) {
        if (url.host === EVIL) assertEquals(headers.get("authorization"), null);
      }
    },
  },
  {
    what: "a challenge of 1 MB whose quotes never end",
    answers: {
      challenge: (_sent, _count, world) =>
        world.reply(401, {
          "www-authenticate": `Bearer realm="${"\\a".repeat(500_000)}`,
        }),
    },
    ends: "AuthenticationError",
    says: /realm-not-absolute/,
    requests: 1,
  },
  {
    what: "a challenge of 100 000 schemes",
    answers: {
      challenge: (_sent, _count, world) =>
        world.reply(401, {
          "www-authenticate": "Negotiate, NTLM, ".repeat(50_000),
        }),
    },
    ends: "AuthenticationError",
    says: /other-schemes/,
    requests: 1,
    check: (_world, written) => assert(written.length < 20_000),
  },
  {
    what: "a challenge without a scheme that is known",
    answers: {
      challenge: (_sent, _count, world) =>
        world.reply(401, { "www-authenticate": "Negotiate" }),
    },
    ends: "AuthenticationError",
    says: /other-schemes \{"schemes":"negotiate"\}/,
  },
  {
    what: "a challenge that never ends: each token is refused, for more scopes",
    answers: {
      manifest: (_sent, count, world) =>
        world.reply(401, {
          "www-authenticate": `Bearer realm="https://${AUTH}/token",` +
            `service="r",scope="repository:other/${count}:pull"`,
        }, "{}"),
      token: (_sent, count, world) => world.json({ token: `t${count}` }),
    },
    ends: "RegistryError",
    says: /HTTP 401/,
  },
  {
    what: "a scope that would add parameters to the token's request",
    answers: {
      challenge: (_sent, _count, world) =>
        world.reply(401, {
          "www-authenticate": `Bearer realm="https://${AUTH}/token",` +
            `service="r&account=root",scope="repository:team/app:pull&x=1"`,
        }),
    },
    ends: "RegistryError",
    says: /another service is served here/,
    check: ({ zoo }) => {
      for (const { url } of zoo.sent) {
        assertEquals([
          url.searchParams.get("account"),
          url.searchParams.get("x"),
        ], [null, null]);
      }
    },
  },
  {
    what: "a challenge for the password by Basic, in the token's place",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(401, { "www-authenticate": 'Basic realm="x"' }),
    },
    ends: "RegistryError",
    says: /HTTP 401/,
  },
  {
    what: "a token server's error of 200 MB",
    answers: {
      token: (_sent, _count, world) =>
        world.reply(400, {}, filler(200_000_000, "no")),
    },
    ends: "RegistryError",
    says: /HTTP 400/,
    bytes: 1_300_000,
  },
  {
    what: "a token server that repeats the password in its error",
    answers: {
      token: ({ headers }, _count, world) => {
        const value = headers.get("authorization")?.slice(6) ?? "";
        const bytes = Uint8Array.from(atob(value), (c) => c.charCodeAt(0));
        const message = `no ${new TextDecoder().decode(bytes)}, nor ${value}`;
        return world.json({ errors: [{ code: "DENIED", message }] }, 401);
      },
    },
    ends: "RegistryError",
    says: /•••/,
  },
];
