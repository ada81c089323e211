/** A front end that redirects to a host with a challenge of its own. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  RegistryError,
} from "../../../lib/image/errors.ts";
import type { Credential } from "../../../lib/image/types.ts";
import { test } from "../../harness.ts";
import type { Answer, Sent } from "../../net/fake_fetch.ts";
import { json, world } from "../world.ts";

const LOGIN: Credential = { kind: "basic", username: "me", password: "pw" };

/** `r.test` leads everything to `back.test`, whose tokens `auth.back.test` gives. */
function frontEnd(
  options: { realm?: string; token?: () => Answer; good?: () => string } = {},
): (sent: Sent) => Answer {
  const {
    realm = "https://auth.back.test/token",
    token = () => json({ token: "t1", expires_in: 300 }),
    good = () => "t1",
  } = options;
  return ({ url, headers }) => {
    const sent = headers.get("authorization");
    if (url.host === "r.test") {
      // It may want the user's login itself.
      return sent
        ? [307, { location: `https://back.test${url.pathname}` }]
        : [401, { "www-authenticate": 'Basic realm="r"' }];
    }
    if (url.host === "back.test") {
      return sent === `Bearer ${good()}` ? [200] : [401, {
        "www-authenticate":
          `Bearer realm="${realm}",service="back",scope="repository:a/b:pull"`,
      }, "{}"];
    }
    return token();
  };
}

const TOKEN = "GET auth.back.test/token?service=back&scope=repository:a/b:pull";
const FRONT = `GET r.test/v2/a/b/manifests/1 Basic ${btoa("me:pw")}`;
const BACK = "GET back.test/v2/a/b/manifests/1";

test("a host behind a front end gets a token of its own, and never the login", async () => {
  const { get, log, assertNoBodyLeft } = world(frontEnd(), LOGIN);
  assertEquals([await get(), await get()], [200, 200]);
  assertEquals(log(), [
    "GET r.test/v2/a/b/manifests/1",
    FRONT,
    BACK,
    TOKEN,
    FRONT,
    `${BACK} Bearer t1`,
    FRONT,
    `${BACK} Bearer t1`,
  ]);
  assertNoBodyLeft();
});

test("the token of such a host is renewed when it is refused", async () => {
  let count = 0;
  const { get, log } = world(
    frontEnd({
      token: () => json({ token: `t${++count}` }),
      good: () => count < 2 ? "t1" : "t2",
    }),
    LOGIN,
  );
  assertEquals(await get(), 200);
  count = 2;
  // It now wants a token that there is not: one is asked for, and no more.
  await assertRejects(() => get(), RegistryError);
  assertEquals(log().filter((line) => line === TOKEN).length, 3);
});

test("a host that gives nobody a token is told of by its refusal", async () => {
  const { get, log } = world(
    frontEnd({ token: () => [403, {}, '{"details":"no"}'] }),
    LOGIN,
  );
  const error = await assertRejects(() => get(), RegistryError);
  assertEquals([error.status, error.url.split("?")[0]], [
    403,
    "https://auth.back.test/token",
  ]);
  assertEquals(log().at(-1), TOKEN);
});

for (
  const realm of ["https://169.254.169.254/token", "https://localhost/token"]
) {
  test(`such a host cannot name the token server ${realm}`, async () => {
    const { get, sent } = world(frontEnd({ realm }), LOGIN, {
      lookup: () => Promise.resolve(["192.0.2.1"]),
    });
    await assertRejects(() => get(), AuthenticationError, "realm-private");
    assertEquals(sent.at(-1)!.url.host, "back.test");
  });
}

for (
  const realm of ["https://r.test/token", "https://auth.r.test/token"]
) {
  test(`such a host gets no token of the registry's own ${realm}`, async () => {
    const { get, sent } = world(frontEnd({ realm }), LOGIN);
    const error = await assertRejects(() => get(), RegistryError);
    assertEquals([error.status, error.url.includes("back.test")], [401, true]);
    assertEquals(sent.some(({ url }) => url.pathname === "/token"), false);
  });
}
