import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  AuthenticationError,
  NetworkError,
  RegistryError,
} from "../../../lib/image/errors.ts";
import { HttpClient } from "../../../lib/net/http.ts";
import {
  requestToken,
  type Token,
  type TokenRequest,
} from "../../../lib/registry/auth/token.ts";
import { test } from "../../harness.ts";
import {
  type Answer,
  fakeClock,
  fakeFetch,
  type Sent,
} from "../../net/fake_fetch.ts";

const NOW = Date.UTC(2026, 0, 1);

async function ask(
  answer: (sent: Sent, count: number) => Answer,
  request: Partial<TokenRequest> = {},
) {
  const web = fakeFetch(answer);
  const http = new HttpClient({ ...fakeClock(NOW).options, fetch: web.fetch });
  let token: Token | undefined;
  let error: unknown;
  try {
    token = await requestToken(http, {
      registry: "r.test",
      origin: new URL("https://r.test"),
      realm: "https://auth.r.test/token?account=x",
      service: "r",
      scopes: ["repository:a/b:pull"],
      ...request,
    });
  } catch (thrown) {
    error = thrown;
  }
  web.assertNoBodyLeft();
  return { token, error, ...web };
}

const LIVES: [string, Record<string, unknown>, number][] = [
  ["as it says", { expires_in: 300 }, 290],
  ["60 s where it says nothing", {}, 50],
  ["60 s where it says nonsense", { expires_in: "soon" }, 50],
  ["60 s where it says an object", {
    expires_in: { valueOf: 1, toString: 1 },
  }, 50],
  ["60 s where it says a list", { expires_in: [300] }, 50],
  ["60 s where it says true", { expires_in: true }, 50],
  ["60 s where it says no number", { expires_in: "NaN" }, 50],
  ["a year where it says more", { expires_in: 1e300 }, 31_535_990],
  ["60 s where it says zero", { expires_in: 0 }, 50],
  ["60 s where it says less than nothing", { expires_in: -5 }, 50],
  ["three quarters of a very short life", { expires_in: 4 }, 3],
  ["a number in quotes", { expires_in: "300" }, 290],
  ["from its issue", {
    expires_in: 300,
    issued_at: "2025-12-31T23:58:20Z",
  }, 190],
  ["from now where it is from the future", {
    expires_in: 300,
    issued_at: "2026-01-01T09:00:00Z",
  }, 290],
  ["from now where it would be over already", {
    expires_in: 300,
    issued_at: "2025-12-31T20:00:00Z",
  }, 290],
  ["from now where the date is none", {
    expires_in: 300,
    issued_at: "yesterday",
  }, 290],
];

for (const [what, fields, seconds] of LIVES) {
  test(`requestToken() counts a token's life: ${what}`, async () => {
    const body = JSON.stringify({ token: "t", ...fields });
    const { token } = await ask(() => [200, {}, body]);
    assertEquals(token!.renewAt, NOW + seconds * 1000);
  });
}

for (
  const [what, body, code] of [
    ["no JSON", "<json>SECRET</json>", "reply-no-json"],
    ["no token", '{"expires_in":300}', "reply-no-token"],
    ["null", "null", "reply-no-token"],
    ["a list", "[]", "reply-no-token"],
    ["a token that is no text", '{"token":{"a":1}}', "reply-no-token"],
    ["an empty token", '{"token":""}', "reply-no-token"],
    [
      "a token that splits the header",
      '{"token":"a\\r\\nx: y"}',
      "reply-bad-token",
    ],
    [
      "a token with letters that no header has",
      '{"token":"é"}',
      "reply-bad-token",
    ],
    ["2 MB", `{"token":"${"x".repeat(2e6)}"}`, "reply-too-large"],
  ] as const
) {
  test(`requestToken() refuses a reply with ${what}`, async () => {
    const { error } = await ask(() => [200, {}, body]);
    assert(error instanceof AuthenticationError, `${error}`);
    assertEquals(error.code, code);
    assert(!error.message.includes("SECRET"));
  });
}

test("requestToken() leaves out what a registry does not need", async () => {
  const { log } = await ask(() => [200, {}, '{"token":"t"}'], {
    service: undefined,
    scopes: [],
  });
  assertEquals(log(), ["GET auth.r.test/token?account=x"]);
});

test("requestToken() tries again where the server is busy", async () => {
  const { token, log } = await ask((_, count) =>
    count < 3 ? [503] : [200, {}, '{"token":"t"}']
  );
  assertEquals([token?.value, log().length], ["t", 3]);
});

test("requestToken() takes no login to where the token server redirects", async () => {
  const { log } = await ask(
    (_, count) =>
      count === 1 ? [307, { location: "https://other.test/t" }] : [403],
    { credential: { kind: "basic", username: "me", password: "pw" } },
  );
  assertEquals(log().at(-1), "GET other.test/t");
});

for (
  const [location, kind] of [
    ["https://169.254.169.254/", AuthenticationError],
    ["http://auth.r.test/token", NetworkError],
    ["https://[2002:a9fe:a9fe::1]/", AuthenticationError],
  ] as const
) {
  test(`requestToken() does not follow a redirect to ${location}`, async () => {
    const { error, sent } = await ask(() => [307, { location }]);
    assert(error instanceof kind);
    assertEquals(sent.length, 1);
  });
}

const IDENTITY = { kind: "identity-token", token: "id" } as const;

test("requestToken() posts an identity token", async () => {
  const { token, sent } = await ask(
    () => [200, {}, '{"access_token":"t","refresh_token":"id2"}'],
    { credential: IDENTITY },
  );
  assertEquals(token?.value, "t");
  assertEquals(token?.identityToken, "id2");
  assertEquals(sent[0]!.method, "POST");
  assertEquals(sent[0]!.url.href, "https://auth.r.test/token?account=x");
  assertEquals(sent[0]!.headers.get("authorization"), null);
  assertEquals(Object.fromEntries(new URLSearchParams(sent[0]!.body)), {
    grant_type: "refresh_token",
    client_id: "docker-pull",
    service: "r",
    scope: "repository:a/b:pull",
    refresh_token: "id",
  });
});

for (const status of [400, 401, 404, 405]) {
  test(`requestToken() goes on by GET where POST is answered with ${status}`, async () => {
    const { token, log } = await ask(
      ({ method }) => method === "POST" ? [status] : [200, {}, '{"token":"t"}'],
      { credential: { ...IDENTITY, username: "00000000" } },
    );
    assertEquals(token?.value, "t");
    assertStringIncludes(log()[1]!, `Basic ${btoa("00000000:id")}`);
  });
}

test("requestToken() does not go on by GET where POST is forbidden", async () => {
  const { error, log } = await ask(() => [403], { credential: IDENTITY });
  assert(error instanceof RegistryError);
  assertEquals(log().length, 1);
});

test("requestToken() sends an identity token without a user as <token>", async () => {
  const { log } = await ask(
    ({ method }) => method === "POST" ? [404] : [200, {}, '{"token":"t"}'],
    { credential: IDENTITY },
  );
  assertStringIncludes(log()[1]!, `Basic ${btoa("<token>:id")}`);
});

test("requestToken() ends with the signal's reason", async () => {
  const reason = new Error("stop");
  const http = new HttpClient({ fetch: fakeFetch(() => [200]).fetch });
  const request: TokenRequest = {
    registry: "r",
    origin: new URL("https://r.test"),
    realm: "https://auth.r.test/",
    scopes: [],
    signal: AbortSignal.abort(reason),
  };
  assertEquals(await assertRejects(() => requestToken(http, request)), reason);
});
