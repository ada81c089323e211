import { assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  RegistryError,
} from "../../../lib/image/errors.ts";
import type { Credential } from "../../../lib/image/types.ts";
import { test } from "../../harness.ts";
import { bearer, CHALLENGE, json, REALM, world } from "../world.ts";

const LOGIN: Credential = { kind: "basic", username: "me", password: "pw" };
const BASIC = basicOf("me:pw");

function basicOf(text: string): string {
  return `Basic ${btoa(text)}`;
}

test("a registry without a login is asked once, and no login is looked up", async () => {
  const { get, log } = world(() => [200], undefined, {
    credentials: () => Promise.reject(new Error("looked up")),
  });
  assertEquals(await get(), 200);
  assertEquals(log(), ["GET r.test/v2/a/b/manifests/1"]);
});

test("Bearer: a token is asked for anonymously and kept", async () => {
  const { get, log, assertNoBodyLeft } = world(
    bearer("t1", () => json({ token: "t1", expires_in: 300 })),
  );
  assertEquals([await get(), await get()], [200, 200]);
  assertEquals(log(), [
    "GET r.test/v2/a/b/manifests/1",
    "GET auth.r.test/token?service=r&scope=repository:a/b:pull",
    "GET r.test/v2/a/b/manifests/1 Bearer t1",
    "GET r.test/v2/a/b/manifests/1 Bearer t1",
  ]);
  assertNoBodyLeft();
});

test("Bearer: the login goes to the token server and nowhere else", async () => {
  const { get, log } = world(
    bearer("t1", () => json({ access_token: "t1" })),
    LOGIN,
  );
  await get();
  assertEquals(log(), [
    "GET r.test/v2/a/b/manifests/1",
    `GET auth.r.test/token?service=r&scope=repository:a/b:pull ${BASIC}`,
    "GET r.test/v2/a/b/manifests/1 Bearer t1",
  ]);
});

test("Basic: the login goes to the registry", async () => {
  const { get, log } = world(
    ({ headers }) =>
      headers.get("authorization") === basicOf("mÃ©:Ã¼:x")
        ? [200]
        : [401, { "www-authenticate": 'Basic realm="r"' }],
    { kind: "basic", username: "mé", password: "ü:x" },
  );
  assertEquals(await get(), 200);
  assertEquals(log().length, 2);
});

test("Basic: without a login there is no second try", async () => {
  const { get, log } = world(() => [
    401,
    {
      "www-authenticate": 'Basic realm="r"',
    },
    '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
  ]);
  const error = await assertRejects(() => get(), RegistryError);
  assertEquals(error.errors[0]?.code, "UNAUTHORIZED");
  assertEquals(log().length, 1);
});

test("a bare 401 is understood by the challenge of /v2/, asked for once", async () => {
  const { get, log } = world((sent) => {
    if (sent.url.host !== "r.test") return json({ token: "t" });
    if (sent.url.pathname === "/v2/") {
      return [401, { "www-authenticate": `Bearer realm="${REALM}"` }];
    }
    return sent.headers.has("authorization") ? [200] : [401];
  });
  assertEquals([await get(), await get()], [200, 200]);
  assertEquals(log().slice(0, 3), [
    "GET r.test/v2/a/b/manifests/1",
    "GET r.test/v2/",
    "GET auth.r.test/token?scope=repository:a/b:pull",
  ]);
  assertEquals(log().filter((line) => line.endsWith("/v2/")).length, 1);
});

test("a list of challenges: Bearer is preferred, and other schemes passed over", async () => {
  const header = `Negotiate, Basic realm="x, y", ${CHALLENGE}`;
  const { get, log } = world(
    bearer("t", () => json({ token: "t" }), header),
    LOGIN,
  );
  assertEquals(await get(), 200);
  assertEquals(log().length, 3);
});

test("a challenge of unknown schemes is an error that names them", async () => {
  const { get } = world(() => [401, {
    "www-authenticate": "Negotiate, NTLM TlRM",
  }]);
  const error = await assertRejects(() => get(), AuthenticationError);
  assertEquals(error.problem, {
    code: "other-schemes",
    schemes: "negotiate, ntlm",
  });
});

test("a challenge for a token without a token server is an error", async () => {
  const { get } = world(() => [401, { "www-authenticate": "Bearer" }]);
  await assertRejects(() => get(), AuthenticationError, "no-realm");
});

test("a registry token is sent as it is", async () => {
  const { get, log } = world(
    bearer("reg", () => [500]),
    { kind: "registry-token", token: "reg" },
  );
  assertEquals(await get(), 200);
  assertEquals(log().length, 2);
});

test("a registry token that would split the header is not sent", async () => {
  const { get, log } = world(
    bearer("x", () => [500]),
    { kind: "registry-token", token: "a\r\nx-evil: 1" },
  );
  await assertRejects(() => get(), AuthenticationError, "bad-registry-token");
  assertEquals(log().length, 1);
});

test("a credential provider is asked for the repository, once", async () => {
  const asked: string[] = [];
  const { get } = world(bearer("t", () => json({ token: "t" })), undefined, {
    credentials: (registry, repository) => {
      asked.push(`${registry}/${repository}`);
      return Promise.resolve(undefined);
    },
  });
  await Promise.all([get(), get()]);
  assertEquals(asked, ["r.test/a/b"]);
});

test("ending one request does not end the token that another waits for", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => release = resolve);
  const { get } = world(bearer("t", async () => {
    await gate;
    return json({ token: "t" });
  }));
  const controller = new AbortController();
  const reason = new Error("stop");
  const first = get(controller.signal);
  const second = get();
  const ended = assertRejects(() => first);
  await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort(reason);
  assertEquals(await ended, reason);
  release();
  assertEquals(await second, 200);
});
