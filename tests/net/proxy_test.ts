import { assertEquals } from "@std/assert";
import {
  isLoopback,
  isPrivateHost,
  parseAddress,
} from "../../lib/net/address.ts";
import {
  type Environment,
  environmentNamesProxy,
  proxyFromEnvironment,
} from "../../lib/net/proxy.ts";
import { test } from "../harness.ts";

function proxy(env: Environment, url: string): string | undefined {
  return proxyFromEnvironment(env)(new URL(url));
}

test("proxyFromEnvironment() goes by the scheme, then by ALL_PROXY", () => {
  const env = { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://b:2" };
  assertEquals(proxy(env, "http://r.test/"), "http://a:1");
  assertEquals(proxy(env, "https://r.test/"), "http://b:2");
  assertEquals(proxy({ HTTP_PROXY: "a" }, "https://r.test/"), undefined);
  assertEquals(proxy({ ALL_PROXY: "c:3" }, "https://r.test/"), "http://c:3");
  assertEquals(proxy({}, "https://r.test/"), undefined);
});

test("proxyFromEnvironment() prefers lower case and skips what is empty", () => {
  const env = { https_proxy: "low:1", HTTPS_PROXY: "up:1" };
  assertEquals(proxy(env, "https://r.test/"), "http://low:1");
  const empty = { https_proxy: "", HTTPS_PROXY: "up:1" };
  assertEquals(proxy(empty, "https://r.test/"), "http://up:1");
});

test("proxyFromEnvironment() keeps the login and the scheme of a proxy", () => {
  const text = "https://us%20er:p%40ss@proxy.test:3129";
  assertEquals(proxy({ https_proxy: text }, "https://r.test/"), text);
});

test("proxyFromEnvironment() leaves HTTP_PROXY alone in a CGI program", () => {
  const env = { HTTP_PROXY: "evil:1", REQUEST_METHOD: "GET" };
  assertEquals(proxy(env, "http://r.test/"), undefined);
  assertEquals(
    proxy({ ...env, http_proxy: "a:1" }, "http://r.test/"),
    "http://a:1",
  );
});

const EXCEPTIONS: [string, string, boolean][] = [
  ["*", "https://anything.test/", true],
  ["example.com", "https://example.com/", true],
  ["example.com", "https://www.example.com/", true],
  ["example.com", "https://notexample.com/", false],
  ["Example.COM.", "https://example.com./", true],
  [".example.com", "https://example.com/", false],
  [".example.com", "https://www.example.com/", true],
  ["*.example.com", "https://a.b.example.com/", true],
  ["example.com:5000", "https://example.com:5000/", true],
  ["example.com:5000", "https://example.com/", false],
  ["example.com:443", "https://example.com/", true],
  ["a.test, example.com ,b.test", "https://example.com/", true],
  ["a.test example.com", "https://example.com/", true],
  ["10.0.0.0/8", "https://10.200.3.4/", true],
  ["10.0.0.0/8", "https://11.0.0.1/", false],
  ["10.1.0.0/12", "https://10.15.255.255/", true],
  ["10.1.0.0/12", "https://10.16.0.0/", false],
  ["10.0.0.0/8", "https://ten.test/", false],
  ["192.168.1.5", "https://192.168.1.5:5000/", true],
  ["192.168.1.5:5001", "https://192.168.1.5:5000/", false],
  ["0.0.0.0/0", "https://8.8.8.8/", true],
  ["0.0.0.0/0", "https://[2001:db8::1]/", false],
  ["2001:db8::/32", "https://[2001:db8:1::7]/", true],
  ["[2001:db8::7]:5000", "https://[2001:db8::7]:5000/", true],
  ["[2001:db8::7]", "https://[2001:db8::8]/", false],
  ["bücher.example", "https://bücher.example/", true],
  ["", "https://example.com/", false],
  ["10.0.0.0/99", "https://10.0.0.1/", false],
  ["10", "https://0.0.0.10/", false],
];

for (const [list, url, excepted] of EXCEPTIONS) {
  test(
    `proxyFromEnvironment() with NO_PROXY=${list} ${
      excepted ? "spares" : "does not spare"
    } ${url}`,
    () => {
      const env = { HTTPS_PROXY: "http://p:1", NO_PROXY: list };
      assertEquals(proxy(env, url), excepted ? undefined : "http://p:1");
    },
  );
}

test("proxyFromEnvironment() never sends this machine's addresses to a proxy", () => {
  const env = { ALL_PROXY: "http://p:1" };
  for (
    const host of ["localhost:5000", "a.localhost", "127.9.9.9", "[::1]:5000"]
  ) assertEquals(proxy(env, `http://${host}/`), undefined, host);
});

test("environmentNamesProxy() sees every variable", () => {
  assertEquals(environmentNamesProxy({ PATH: "/bin", NO_PROXY: "" }), false);
  assertEquals(environmentNamesProxy({ no_proxy: "a" }), true);
  assertEquals(environmentNamesProxy({ ALL_PROXY: "a" }), true);
});

test("parseAddress() reads the forms that URLs know", () => {
  const text = (host: string) => parseAddress(host)?.join(".");
  assertEquals(text("127.0.0.1"), "127.0.0.1");
  assertEquals(text("0x7f.1"), "127.0.0.1");
  assertEquals(text("2130706433"), "127.0.0.1");
  assertEquals(text("[::ffff:10.0.0.1]"), "10.0.0.1");
  assertEquals(text("::1"), "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1");
  assertEquals(text("fe80::1:2")?.split(".").length, 16);
  for (const host of ["", "example.com", "1.2.3.4.5", "::g", "a b"]) {
    assertEquals(parseAddress(host), undefined, host);
  }
});

test("isPrivateHost() knows the addresses that are not public", () => {
  const hosts = [
    "localhost",
    "x.localhost",
    "127.1.2.3",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "[::]",
    "[::1]",
    "[fe80::1]",
    "[fd00::1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a00:1]",
  ];
  for (const host of hosts) assertEquals(isPrivateHost(host), true, host);
  for (
    const host of [
      "example.com",
      "8.8.8.8",
      "172.32.0.1",
      "[2606:4700::1]",
      "localhost.example",
    ]
  ) assertEquals(isPrivateHost(host), false, host);
  assertEquals(isLoopback("10.0.0.1"), false);
});
