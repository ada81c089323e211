import type { Warning } from "../../../lib/image/events.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../lib/image/errors.ts";
import { isUnauthorized } from "../../../lib/registry/auth/login.ts";
import { Session } from "../../../lib/registry/session.ts";
import type { Credential } from "../../../lib/image/types.ts";
import { test } from "../../harness.ts";
import {
  type Answer,
  fakeClock,
  fakeFetch,
  type Sent,
} from "../../net/fake_fetch.ts";

const CHALLENGE = 'Bearer realm="https://auth.r.test/token"';
const LOGIN: Credential = { kind: "basic", username: "me", password: "pw" };
const BASIC = `Basic ${btoa("me:pw")}`;

function refused(status: number, code: string, message: string): Answer {
  return [status, {}, JSON.stringify({ errors: [{ code, message }] })];
}

/** Sends one request and gives all that came of it. */
async function outcome(
  answer: (sent: Sent, count: number) => Answer,
  credential: Credential | undefined = LOGIN,
) {
  const web = fakeFetch(answer);
  const warnings: Warning[] = [];
  const session = new Session("r.test", "r.test", "a/b", {
    ...fakeClock().options,
    fetch: web.fetch,
    credentials: () =>
      Promise.resolve(credential && { credential, source: "the test" }),
    onEvent: (event) => {
      if (event.type === "warning") warnings.push(event.warning);
    },
  });
  let status: number | undefined;
  let error: unknown;
  try {
    const { response } = await session.request("manifests/1", {});
    status = response.status;
  } catch (thrown) {
    error = thrown;
  }
  web.assertNoBodyLeft();
  return { status, error, warnings, log: web.log(), session, sent: web.sent };
}

const WARNING: Warning = {
  code: "credentials-refused",
  registry: "r.test",
  repository: "a/b",
  source: "the test",
  known: false,
};

for (
  const [what, refusal] of [
    ["GHCR's 403", refused(403, "DENIED", "denied")],
    ["a plain 401", refused(401, "UNAUTHORIZED", "incorrect password")],
    ["a 400 about the token", refused(400, "X", "Invalid token")],
  ] as const
) {
  test(`a login that the token server refuses with ${what} is left out, aloud`, async () => {
    const { status, warnings, log } = await outcome(({ url, headers }) => {
      const authorization = headers.get("authorization");
      if (url.host !== "r.test") {
        return authorization ? refusal : [200, {}, '{"token":"anonymous"}'];
      }
      return authorization === "Bearer anonymous"
        ? [200]
        : [401, { "www-authenticate": CHALLENGE }];
    });
    assertEquals(status, 200);
    assertEquals(warnings, [WARNING]);
    assertEquals(log.length, 4);
  });
}

test("where nothing goes without the login either, its own refusal is the error", async () => {
  const { error, warnings, session } = await outcome(({ url, headers }) => {
    if (url.host === "r.test") return [401, { "www-authenticate": CHALLENGE }];
    return headers.has("authorization")
      ? refused(401, "UNAUTHORIZED", "incorrect username or password")
      : refused(401, "UNAUTHORIZED", "authentication required");
  });
  assert(error instanceof RegistryError);
  assertEquals(error.errors[0]?.message, "incorrect username or password");
  assertEquals(warnings, [WARNING]);
  // Nor is it another's to whom the login is not shown again.
  const next = await assertRejects(() => session.request("manifests/2", {}));
  assertEquals(next, error);
});

for (const status of [401, 403]) {
  test(`a wrong login is the error where a token without one gets ${status}`, async () => {
    const { error, warnings } = await outcome(({ url, headers }) => {
      const authorization = headers.get("authorization");
      if (url.host !== "r.test") {
        return authorization
          ? refused(401, "", "incorrect username or password")
          : [200, {}, '{"token":"anonymous"}'];
      }
      return authorization === "Bearer anonymous"
        ? refused(status, "DENIED", "access denied")
        : [401, { "www-authenticate": CHALLENGE }];
    });
    assert(error instanceof RegistryError);
    assertEquals(error.url, "https://auth.r.test/token?…");
    assertEquals(error.errors[0]?.message, "incorrect username or password");
    assertEquals(warnings, [WARNING]);
  });
}

test("public.ecr.aws: a Basic login that is out of date is left out", async () => {
  const { status, warnings, log } = await outcome(({ headers }, count) =>
    headers.get("authorization") === BASIC
      ? refused(400, "DENIED", "Your Authorization Token is invalid.")
      : count > 1
      ? [200]
      : [401, { "www-authenticate": 'Basic realm="ecr"' }]
  );
  assertEquals([status, log.length], [200, 3]);
  assertEquals(warnings, [WARNING]);
});

test("a login that gets a token, but not the image, is said to have no access", async () => {
  const { status, warnings, sent } = await outcome(({ url, headers }) => {
    const authorization = headers.get("authorization");
    if (url.host !== "r.test") {
      return [200, {}, `{"token":"${authorization ? "mine" : "anonymous"}"}`];
    }
    return authorization === "Bearer anonymous"
      ? [200]
      : [401, { "www-authenticate": CHALLENGE }];
  });
  assertEquals(status, 200);
  assertEquals(warnings, [{ ...WARNING, known: true }]);
  assertEquals(sent.length, 5);
});

test("a registry's own token that is refused is a refused login", async () => {
  const { warnings } = await outcome(
    ({ url, headers }) =>
      url.host !== "r.test"
        ? [200, {}, '{"token":"anonymous"}']
        : headers.get("authorization") === "Bearer anonymous"
        ? [200]
        : [401, { "www-authenticate": CHALLENGE }],
    { kind: "registry-token", token: "given" },
  );
  assertEquals(warnings, [WARNING]);
});

test("ECR: an expired login's words are kept, whatever the next try says", async () => {
  const words =
    "Your authorization token has expired. Reauthenticate and try again.";
  const { error, log } = await outcome(({ headers }) =>
    headers.has("authorization")
      ? [403, {}, words]
      : [401, { "www-authenticate": 'Basic realm="https://x/"' }]
  );
  assert(error instanceof RegistryError);
  assertEquals([error.status, error.errors[0]?.message], [403, words]);
  assert(isUnauthorized(error));
  assertEquals(log.length, 3);
});

test("public.ecr.aws: a token that ran out with a 400 is renewed", async () => {
  let tokens = 0;
  let good = "t1";
  const { session, sent } = await outcome(({ url, headers }) => {
    if (url.host !== "r.test") {
      return [200, {}, JSON.stringify({ token: `t${++tokens}` })];
    }
    const authorization = headers.get("authorization");
    if (authorization === `Bearer ${good}`) return [200];
    return authorization
      ? refused(400, "X", "Your Authorization Token has expired.")
      : [401, { "www-authenticate": CHALLENGE }];
  }, undefined);
  good = "t2";
  const { response } = await session.request("manifests/1", {});
  assertEquals(response.status, 200);
  assertEquals([tokens, sent.length], [2, 6]);
});

test("403 and 404 without a word of tokens are final", async () => {
  for (const status of [403, 404]) {
    const { error, log, warnings } = await outcome(() =>
      refused(status, "DENIED", "requested access is denied")
    );
    assert(error instanceof RegistryError);
    assertEquals([error.status, log.length, warnings], [status, 1, []]);
  }
});

test("a 401 of a storage is no challenge to the registry's login", async () => {
  const { error, log } = await outcome(({ url }) =>
    url.host === "r.test" ? [307, { location: "https://s.test/x" }] : [401, {
      "www-authenticate": 'Basic realm="give me your password"',
    }]
  );
  assert(error instanceof RegistryError);
  assertEquals(log, ["GET r.test/v2/a/b/manifests/1", "GET s.test/x"]);
});

test("concurrent requests share the end of a refused login", async () => {
  const web = fakeFetch(({ url, headers }) => {
    const authorization = headers.get("authorization");
    if (url.host !== "r.test") {
      return authorization ? [403, {}, "no"] : [200, {}, '{"token":"t"}'];
    }
    return authorization === "Bearer t"
      ? [200]
      : [401, { "www-authenticate": CHALLENGE }];
  });
  const warnings: unknown[] = [];
  const session = new Session("r.test", "r.test", "a/b", {
    fetch: web.fetch,
    credentials: () =>
      Promise.resolve({ credential: LOGIN, source: "the test" }),
    onEvent: (event) => warnings.push(event),
  });
  const all = await Promise.all(
    Array.from({ length: 5 }, () => session.request("manifests/1", {})),
  );
  assertEquals(all.map(({ response }) => response.status), Array(5).fill(200));
  assertEquals(warnings.length, 1);
});

test("an error of the credential provider comes through", async () => {
  const failure = new Error("no keychain");
  const session = new Session("r.test", "r.test", "a/b", {
    fetch: fakeFetch(() => [401, { "www-authenticate": CHALLENGE }]).fetch,
    credentials: () => Promise.reject(failure),
  });
  assertEquals(
    await assertRejects(() => session.request("manifests/1", {})),
    failure,
  );
});
