import type { LoginProblem } from "../../lib/image/events.ts";
import { assertEquals } from "@std/assert";
import {
  dockerConfigFile,
  dockerConfigText,
} from "../../lib/credentials/auth_file_provider.ts";
import type { HelperRun } from "../../lib/credentials/helper_process.ts";
import { test } from "../harness.ts";
import { auth, basic, withFolder } from "./fixture.ts";

const HUB = "https://index.docker.io/v1/";
const source = "config.json";

/** The answer for a registry from a config.json, as `user` or what there is. */
async function lookUp(config: unknown, image: string) {
  const slash = image.indexOf("/");
  const found = await dockerConfigText(JSON.stringify(config), { source })(
    image.slice(0, slash),
    image.slice(slash + 1),
  );
  return found?.credential.kind === "basic"
    ? found.credential.username
    : found?.credential;
}

const KEYS: [string, string[], string, number | undefined][] = [
  ["a host", ["ghcr.io"], "ghcr.io/o/app", 0],
  ["a host with a port", ["h:5000"], "h:5000/app", 0],
  ["no other port", ["h:5000"], "h:5001/app", undefined],
  ["no port for a port", ["h:5000"], "h/app", undefined],
  ["a URL", ["https://ghcr.io"], "ghcr.io/o/app", 0],
  ["a URL with a path", ["https://ghcr.io/v1/"], "ghcr.io/o/app", 0],
  ["an http URL with a port", ["http://h:5000/v2/"], "h:5000/app", 0],
  ["a host with a path", ["ghcr.io/v2/"], "ghcr.io/o/app", 0],
  ["an IPv6 literal", ["https://[::1]:5000/"], "[::1]:5000/app", 0],
  ["another case", ["GHCR.io"], "ghcr.io/o/app", 0],
  ["the exact key first", ["https://h", "h", "H"], "h/app", 1],
  ["the file's order among the rest", ["https://h", "H"], "h/app", 0],
  ["Docker Hub", [HUB], "docker.io/library/nginx", 0],
  ["Docker Hub's own key first", ["docker.io", HUB], "docker.io/x/y", 1],
  ["docker.io", ["docker.io"], "docker.io/x/y", 0],
  ["index.docker.io", ["index.docker.io"], "docker.io/x/y", 0],
  ["registry-1", ["https://registry-1.docker.io/v2/"], "docker.io/x/y", 0],
  ["Docker Hub by its API's host", [HUB], "registry-1.docker.io/x/y", 0],
  [
    "hub.docker.com is another host",
    ["hub.docker.com"],
    "docker.io/x",
    undefined,
  ],
  ["the namespace before the host", ["h", "h/team"], "h/team/app", 1],
  ["no half a namespace", ["h", "h/team"], "h/teammate/app", 0],
  ["any path of the host at last", ["h/other"], "h/team/app", 0],
  ["no subdomain", ["docker.example"], "a.docker.example/x", undefined],
  ["no parent", ["a.docker.example"], "docker.example/x", undefined],
  ["no host inside a path", ["evil.example/h"], "h/app", undefined],
  ["no host as a user name", ["https://h@evil.example"], "h/app", undefined],
  ["no host before an @", ["h@evil.example"], "h/app", undefined],
  ["a host after a user name", ["https://me@h/v1/"], "h/app", 0],
  ["no other scheme", ["ftp://h"], "h/app", undefined],
  ["no host in a query", ["https://evil.example?h"], "h/app", undefined],
  [
    "no host behind a backslash",
    ["https://evil.example\\@h"],
    "h/app",
    undefined,
  ],
];

for (const [what, keys, image, index] of KEYS) {
  test(`dockerConfigText() finds by key: ${what}`, async () => {
    const entries = keys.map((key, index) => [key, auth(`user${index}:p`)]);
    const config = { auths: Object.fromEntries(entries) };
    const wanted = index === undefined ? undefined : `user${index}`;
    assertEquals(await lookUp(config, image), wanted);
  });
}

const ENTRIES: [string, unknown, unknown][] = [
  ["auth", { auth: btoa("me:pass") }, basic("me:pass", source).credential],
  [
    "a password with colons",
    { auth: btoa("me:a:b:") },
    { kind: "basic", username: "me", password: "a:b:" },
  ],
  [
    "a password padded with NULs",
    { auth: btoa("me:pass\0\0") },
    basic("me:pass", source).credential,
  ],
  [
    "a password in UTF-8",
    { auth: "bWU6cMOkc3M=" },
    basic("me:päss", source).credential,
  ],
  [
    "an empty password",
    { auth: btoa("me:") },
    basic("me:", source).credential,
  ],
  [
    "username and password",
    { username: "me", password: "pass" },
    basic("me:pass", source).credential,
  ],
  [
    "auth before username",
    { auth: btoa("me:pass"), username: "you", password: "word" },
    basic("me:pass", source).credential,
  ],
  [
    "an identity token",
    { identitytoken: "t" },
    { kind: "identity-token", token: "t", username: undefined },
  ],
  [
    "an identity token with a user",
    { auth: btoa("00000000-0000:"), identitytoken: "t" },
    { kind: "identity-token", token: "t", username: "00000000-0000" },
  ],
  [
    "a registry token before all else",
    { auth: btoa("me:pass"), identitytoken: "t", registrytoken: "r" },
    { kind: "registry-token", token: "r" },
  ],
  ["nothing", {}, undefined],
  ["an address only", { email: "me@example.com" }, undefined],
];

for (const [what, entry, credential] of ENTRIES) {
  test(`dockerConfigText() reads an entry with ${what}`, () =>
    withFolder(async ({ warnings, onWarning }) => {
      const text = JSON.stringify({ auths: { h: entry } });
      const found = await dockerConfigText(text, { source, onWarning })(
        "h",
        "a",
      );
      assertEquals(found, credential && { credential, source } as typeof found);
      assertEquals(warnings, []);
    }));
}

const UNUSABLE: [string, unknown, LoginProblem][] = [
  ["auth that is not base64", { auth: "secret!!" }, "bad-auth"],
  ["auth without a colon", auth("secret"), "bad-auth"],
  ["auth without a user", auth(":secret"), "bad-auth"],
  ["auth that is not UTF-8", { auth: btoa("u:secret\xff") }, "bad-auth"],
  ["a password without a user", { password: "secret" }, "no-user"],
  [
    "a token with a line break",
    { registrytoken: "secret\r\nX: y" },
    "bad-token",
  ],
  ["a text as entry", "secret", "no-object"],
  ["a list as entry", ["secret"], "no-object"],
];

for (const [what, entry, problem] of UNUSABLE) {
  test(`dockerConfigText() warns once of ${what}`, () =>
    withFolder(async ({ warnings, onWarning }) => {
      const text = JSON.stringify({ auths: { h: entry } });
      const provider = dockerConfigText(text, { source, onWarning });
      assertEquals(await provider("h", "a"), undefined);
      assertEquals(await provider("h", "b"), undefined);
      assertEquals(warnings, [
        { code: "login-unusable", source, key: "h", problem },
      ]);
    }));
}

const HELPERS: [string, Record<string, unknown>, string, string[]][] = [
  ["credsStore", { credsStore: "store" }, "h", ["store h"]],
  ["credHelpers", { credHelpers: { h: "one" } }, "h", ["one h"]],
  [
    "credHelpers before credsStore",
    { credHelpers: { h: "one" }, credsStore: "store" },
    "h",
    ["one h"],
  ],
  [
    "credsStore for another host",
    { credHelpers: { other: "one" }, credsStore: "store" },
    "h",
    ["store h"],
  ],
  ["no helper", { credHelpers: { h: "" }, credsStore: "store" }, "h", []],
  ["Docker Hub's key", { credsStore: "store" }, "docker.io", [`store ${HUB}`]],
  [
    "Docker Hub's helper",
    { credHelpers: { [HUB]: "one" } },
    "docker.io",
    [`one ${HUB}`],
  ],
  [
    "Docker Hub's helper by its short name",
    { credHelpers: { "docker.io": "one" } },
    "docker.io",
    [`one ${HUB}`],
  ],
  [
    "no helper that is not a text",
    { credHelpers: { h: ["one"] }, credsStore: 7 },
    "h",
    [],
  ],
];

for (const [what, config, registry, calls] of HELPERS) {
  test(`dockerConfigText() asks ${what}, then auths`, async () => {
    const made: string[] = [];
    const run = ({ program, input }: HelperRun) => {
      made.push(`${program.replace("docker-credential-", "")} ${input}`);
      const stdout = "credentials not found in native keychain\n";
      return Promise.resolve({ type: "exited", code: 1, stdout } as const);
    };
    const text = JSON.stringify({
      ...config,
      auths: { h: auth("u:p"), [HUB]: auth("u:p") },
    });
    const provider = dockerConfigText(text, { source, run });
    assertEquals(await provider(registry, "a"), basic("u:p", source) as never);
    await provider(registry, "b");
    assertEquals(made, calls);
  });
}

test("dockerConfigFile() has no logins where there is no file", () =>
  withFolder(async ({ path, warnings, onWarning }) => {
    for (const name of ["none.json", "none/none.json"]) {
      const provider = dockerConfigFile(`${path}/${name}`, {
        source,
        onWarning,
      });
      assertEquals(await provider("h", "a"), undefined);
    }
    assertEquals(warnings, []);
  }));

test("dockerConfigFile() reads the file at the first question, and once", () =>
  withFolder(async ({ write, path }) => {
    const provider = dockerConfigFile(`${path}/config.json`, { source });
    await write("config.json", { auths: { h: auth("first:p") } });
    assertEquals(await provider("h", "a"), basic("first:p", source) as never);
    await write("config.json", { auths: { h: auth("second:p") } });
    assertEquals(await provider("h", "b"), basic("first:p", source) as never);
  }));

test("dockerConfigFile() takes an empty file and a byte order mark", () =>
  withFolder(async ({ write, warnings, onWarning }) => {
    const empty = await write("empty.json", " \n");
    assertEquals(
      await dockerConfigFile(empty, { source, onWarning })("h", "a"),
      undefined,
    );
    const text = JSON.stringify({ auths: { h: auth("u:p") } });
    const marked = await write("marked.json", `\uFEFF${text}`);
    assertEquals(
      await dockerConfigFile(marked, { source, onWarning })("h", "a"),
      basic("u:p", source) as never,
    );
    assertEquals(warnings, []);
  }));
