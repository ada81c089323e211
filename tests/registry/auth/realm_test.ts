import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError } from "../../../lib/image/errors.ts";
import { isLinkLocal, isPrivateHost } from "../../../lib/net/address.ts";
import {
  checkRealm,
  type RealmRules,
} from "../../../lib/registry/auth/realm.ts";
import type { Credential } from "../../../lib/image/types.ts";
import { test } from "../../harness.ts";
import { bearer, json, world } from "../world.ts";

/** Names of this test; all others are unknown. */
const NAMES: Record<string, string[]> = {
  "r.test": ["192.0.2.1", "2001:db8::1"],
  "inside.test": ["10.1.2.3", "fd00::1"],
  "mixed.test": ["10.1.2.3", "192.0.2.1"],
  "empty.test": [],
};

function check(
  realm: string,
  registry: string,
  rules: Partial<RealmRules> = {},
) {
  return checkRealm(realm, {
    origin: new URL(registry),
    registry: "r",
    login: true,
    lookup: (name) =>
      NAMES[name]
        ? Promise.resolve(NAMES[name])
        : Promise.reject(new Error("unknown")),
    ...rules,
  });
}

for (
  const [registry, realm, login] of [
    ["https://registry-1.docker.io", "https://auth.docker.io/token", true],
    ["https://r.test", "https://r.test:8443/token?a=b", true],
    ["http://localhost:5000", "http://127.0.0.1:5001/token", true],
    ["http://localhost:5000", "https://auth.test/token", true],
    ["https://10.0.0.1:5000", "https://192.168.0.1/token", true],
    ["http://r.test", "http://auth.r.test/token", true],
    ["https://r.test", "http://auth.r.test/token", false],
    ["https://inside.test", "https://10.0.0.9/token", true],
    ["https://inside.test", "http://10.0.0.9/token", false],
    ["https://inside.test", "https://localhost:5001/token", true],
  ] as const
) {
  test(`checkRealm() lets ${registry} name ${realm} ${login ? "for" : "without"} a login`, async () => {
    assertEquals((await check(realm, registry, { login })).href, realm);
  });
}

for (
  const [realm, code] of [
    ["/token", "realm-not-absolute"],
    ["auth.test/token", "realm-not-absolute"],
    ["//auth.test/token", "realm-not-absolute"],
    ["https://", "realm-not-absolute"],
    ["", "realm-not-absolute"],
    ["ftp://auth.test/token", "realm-scheme"],
    ["file:///etc/passwd", "realm-scheme"],
    ["https://user:pw@auth.test/", "realm-login"],
  ] as const
) {
  test(`checkRealm() refuses ${realm || "an empty one"} to whoever vouches for it`, async () => {
    const error = await assertRejects(
      () => check(realm, "https://r.test", { trusted: ["auth.test"] }),
      AuthenticationError,
    );
    const shown = realm.replace("user:pw@", "•••@");
    assertEquals(error.problem, { code, realm: shown });
    assertEquals(error.registry, "r");
  });
}

for (
  const [realm, code, host] of [
    ["http://auth.test/token", "realm-plain", "auth.test"],
    ["https://localhost/token", "realm-private", "localhost"],
    ["https://169.254.169.254/latest", "realm-private", "169.254.169.254"],
    ["https://192.168.1.1:8443/", "realm-private", "192.168.1.1:8443"],
    ["https://[::169.254.169.254]/", "realm-private", "[::a9fe:a9fe]"],
  ] as const
) {
  test(`checkRealm() refuses ${realm} with the code ${code} unless it is vouched for`, async () => {
    const error = await assertRejects(
      () => check(realm, "https://r.test"),
      AuthenticationError,
    );
    assertEquals(error.problem, { code, realm, host });
    const url = await check(realm, "https://r.test", { trusted: [host] });
    assertEquals(url.host, host);
  });
}

for (const registry of ["r.test", "mixed.test", "empty.test", "unknown.test"]) {
  test(`checkRealm() refuses a private address to ${registry}, which is none or not known`, async () => {
    const error = await assertRejects(
      () => check("https://10.0.0.9/", `https://${registry}`, { login: false }),
      AuthenticationError,
    );
    assertEquals(error.code, "realm-private");
  });
}

/** What URLs make of a host, which is what a realm's is. */
function hostOf(text: string): string {
  return new URL(`https://${text}/`).hostname;
}

for (
  const host of [
    "[::169.254.169.254]",
    "[2002:a9fe:a9fe::]",
    "[2002:a9fe:a9fe::1]",
    "[2002:7f00:1::]",
    "[2002:c0a8:101::5]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b::808:808]",
    "[64:ff9b:1::a00:1]",
    "[fec0::1]",
    "[feff::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[fe80::1]",
    "[fd00::1]",
    "[::]",
    "ip6-localhost",
    "ip6-loopback",
    "IP6-LOCALHOST.",
    "localhost.localdomain",
    "localhost6.localdomain6",
    "localhost4",
    "localhost.",
    "a.localhost",
    "127.0.0.1.",
    "127.1",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "0xa9fea9fe",
    "10.0.0.1",
    "0.0.0.0",
  ]
) {
  test(`isPrivateHost() says yes of ${host}`, () => {
    assert(isPrivateHost(hostOf(host)), hostOf(host));
  });
}

for (
  const host of [
    "r.test",
    "8.8.8.8",
    "[2001:db8::1]",
    "[2002:808:808::1]",
    "[2606:4700::1111]",
    "localhost.example",
    "ip6-localhost.example",
    "loopback.example",
    "fec0.example",
  ]
) {
  test(`isPrivateHost() says no of ${host}`, () => {
    assert(!isPrivateHost(hostOf(host)), hostOf(host));
  });
}

test("isLinkLocal() knows the addresses of the link in all forms", () => {
  for (
    const host of ["169.254.169.254", "[fe80::1]", "[::ffff:a9fe:a9fe]"].concat(
      "[2002:a9fe:a9fe::]",
      "[64:ff9b::a9fe:a9fe]",
      "0xa9fea9fe",
    )
  ) assert(isLinkLocal(hostOf(host)), host);
  assert(!isLinkLocal("10.0.0.1"));
});

const LOGIN: Credential = { kind: "basic", username: "me", password: "pw" };
const PLAIN = 'Bearer realm="http://auth.r.test/token",service="r"';

test("a token server of plain HTTP is asked where there is no login, and else told of", async () => {
  const registry = bearer("t", () => json({ token: "t" }), PLAIN);
  const anonymous = world(registry);
  assertEquals(await anonymous.get(), 200);
  const known = world(registry, LOGIN);
  const error = await assertRejects(() => known.get(), AuthenticationError);
  assertEquals(error.code, "realm-plain");
  assertEquals(known.log(), ["GET r.test/v2/a/b/manifests/1"]);
  const trusted = world(registry, LOGIN, { trustedRealms: ["auth.r.test"] });
  assertEquals(await trusted.get(), 200);
});
