import { assert, assertEquals } from "@std/assert";
import { parseChallenges } from "../../../lib/registry/auth/challenge.ts";
import { test } from "../../harness.ts";

const CASES: [string, string, [string, Record<string, string>][]][] = [
  [
    "Docker Hub's",
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [["bearer", {
      realm: "https://auth.docker.io/token",
      service: "registry.docker.io",
      scope: "repository:a/b:pull,push",
    }]],
  ],
  ["one without service", 'Bearer realm="https://us-docker.pkg.dev/v2/token"', [
    ["bearer", { realm: "https://us-docker.pkg.dev/v2/token" }],
  ]],
  ["two in one line", 'Basic realm="a, b", Bearer realm="c",service="d"', [
    ["basic", { realm: "a, b" }],
    ["bearer", { realm: "c", service: "d" }],
  ]],
  ["a scheme without parameters first", 'Negotiate, Basic realm="x"', [
    ["negotiate", {}],
    ["basic", { realm: "x" }],
  ]],
  ["tokens in place of parameters", "Negotiate YIIB+/a==, NTLM TlRM", [
    ["negotiate", {}],
    ["ntlm", {}],
  ]],
  ["escapes within quotes", String.raw`Basic realm="a \"b\" \\ c"`, [
    ["basic", { realm: String.raw`a "b" \ c` }],
  ]],
  ["spaces around everything", '  ,, Bearer   realm = "a" ,\tservice = b  ', [
    ["bearer", { realm: "a", service: "b" }],
  ]],
  ["values without quotes", "Bearer realm=https://h/t,service=s", [
    ["bearer", { realm: "https://h/t", service: "s" }],
  ]],
  ["names and schemes in capitals", 'BEARER Realm="a",SERVICE="b"', [
    ["bearer", { realm: "a", service: "b" }],
  ]],
  ["a name given twice", 'Bearer realm="a",realm="b"', [
    ["bearer", { realm: "a" }],
  ]],
  ["a quote that never ends", 'Bearer realm="https://h/t,service=x', [
    ["bearer", { realm: "https://h/t,service=x" }],
  ]],
  ["parameters without a scheme", 'realm="a",Bearer realm="b"', [
    ["bearer", { realm: "b" }],
  ]],
  ["rubbish before", '<html>, "quoted, text", Bearer realm="b"', [
    ["bearer", { realm: "b" }],
  ]],
  ["an error besides", 'Bearer realm="a",error="invalid_token"', [
    ["bearer", { realm: "a", error: "invalid_token" }],
  ]],
  ["an empty value", 'Bearer realm="",service=', [
    ["bearer", { realm: "", service: "" }],
  ]],
  ["names of object properties", 'Bearer __proto__="a",constructor="b"', [
    ["bearer", { ["__proto__"]: "a", constructor: "b" }],
  ]],
  ["an empty header", "", []],
];

for (const [what, header, expected] of CASES) {
  test(`parseChallenges() reads ${what}`, () => {
    assertEquals(
      parseChallenges(header).map(({ scheme, parameters }) => [
        scheme,
        [...parameters],
      ]),
      expected.map(([scheme, fields]) => [scheme, Object.entries(fields)]),
    );
  });
}

test("parseChallenges() takes no longer for a hostile header than for a long one", () => {
  const hostile = [
    '"'.repeat(1e6),
    "a ".repeat(5e5),
    "a=".repeat(5e5),
    'Bearer realm="' + "\\".repeat(1e6),
    "Bearer " + "=".repeat(1e6),
    "Bearer " + "a".repeat(1e6) + "!",
    ", ".repeat(5e5),
    'Bearer realm="a"' + ',x="y"'.repeat(2e5),
  ];
  for (const header of hostile) {
    const challenges = parseChallenges(header);
    assert(challenges.length <= 16 * 1024);
  }
});
