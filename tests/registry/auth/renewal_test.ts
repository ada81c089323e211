import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../lib/image/errors.ts";
import { test } from "../../harness.ts";
import { bearer, CHALLENGE, json, REALM, world } from "../world.ts";

const LOGIN = { kind: "basic", username: "me", password: "pw" } as const;

test("a token is renewed before it runs out, by one request for all", async () => {
  let tokens = 0;
  const { get, log, clock } = world(
    bearer(
      ({ headers }) => headers.get("authorization") === `Bearer t${tokens}`,
      async () => {
        await Promise.resolve();
        return json({ token: `t${++tokens}`, expires_in: 300 });
      },
    ),
  );
  await get();
  clock.pass(289_000);
  await get();
  assertEquals(tokens, 1);
  clock.pass(2_000);
  await Promise.all([get(), get(), get()]);
  assertEquals(tokens, 2);
  assertEquals(log().filter((line) => line.startsWith("GET auth")).length, 2);
  // None of the three met a 401.
  assertEquals(log().filter((line) => line.endsWith("/1")).length, 1);
});

test("a token that the registry no longer takes is renewed once", async () => {
  let tokens = 0;
  let good = "t1";
  const { get, log } = world(
    bearer(
      ({ headers }) => headers.get("authorization") === `Bearer ${good}`,
      () => json({ token: `t${++tokens}` }),
    ),
  );
  await get();
  good = "t2";
  assertEquals(await Promise.all([get(), get()]), [200, 200]);
  assertEquals(tokens, 2);
  good = "never";
  await assertRejects(() => get(), RegistryError);
  assertEquals(tokens, 3);
  assertEquals(log().filter((line) => line.includes("Bearer t3")).length, 1);
});

test("a challenge that asks for more gets one more token, its scopes first", async () => {
  const header =
    `Bearer realm="${REALM}",scope="repository:a/b:pull,push repository:c/d:pull"`;
  let count = 0;
  const { get, sent } = world((request) => {
    if (request.url.host !== "r.test") return json({ token: `t${++count}` });
    return request.headers.get("authorization") === "Bearer t2"
      ? [200]
      : [401, { "www-authenticate": count === 0 ? CHALLENGE : header }];
  });
  assertEquals(await get(), 200);
  const scopes = sent.filter(({ url }) => url.host !== "r.test").map(
    ({ url }) => url.searchParams.getAll("scope"),
  );
  assertEquals(scopes, [
    ["repository:a/b:pull"],
    ["repository:a/b:pull,push", "repository:c/d:pull"],
  ]);
});

test("a registry that asks for other scopes without end is given up", async () => {
  let count = 0;
  const { get, sent } = world((request) =>
    request.url.host === "r.test"
      ? [401, {
        "www-authenticate": `Bearer realm="${REALM}",scope="x:${count++}:pull"`,
      }]
      : json({ token: `t${count}` })
  );
  await assertRejects(() => get(), RegistryError);
  assert(sent.length < 12, `${sent.length}`);
  for (const { url } of sent) {
    assert(url.searchParams.getAll("scope").length <= 4);
  }
});

test("nvcr.io: a token server that changes once a token has run out is not followed", async () => {
  let tokens = 0;
  let good = "Bearer t1";
  const { get, log } = world((sent) => {
    if (sent.url.host === "auth.r.test") return json({ token: `t${++tokens}` });
    if (sent.url.host !== "r.test") return [401];
    const authorization = sent.headers.get("authorization");
    if (authorization === good) return [200];
    const realm = authorization ? "https://authn.other.test/token" : REALM;
    return [401, {
      "www-authenticate": `Bearer realm="${realm}",error="invalid_token"`,
    }];
  });
  await get();
  good = "Bearer t2";
  assertEquals(await get(), 200);
  assertEquals(tokens, 2);
  assert(!log().some((line) => line.includes("other.test")));
});

test("Harbor: a Basic challenge after a token was refused is not followed", async () => {
  const { get, log } = world((sent) => {
    if (sent.url.host !== "r.test") return json({ token: "t" });
    return [401, {
      "www-authenticate": sent.headers.has("authorization")
        ? 'Basic realm="harbor"'
        : CHALLENGE,
    }];
  }, LOGIN);
  await assertRejects(() => get(), RegistryError);
  assert(!log().some((line) => /^GET r\.test.* Basic/.test(line)));
});
