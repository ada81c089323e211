import { assertEquals, assertRejects } from "@std/assert";
import { mkdir, readFile } from "node:fs/promises";
import { posix } from "node:path";
import {
  credentialChain,
  givenCredential,
} from "../../lib/credentials/chain.ts";
import {
  defaultCredentials,
  type DefaultCredentialSettings,
} from "../../lib/credentials/default_chain.ts";
import { defaultCredentialPaths } from "../../lib/credentials/default_paths.ts";
import { test } from "../harness.ts";
import { auth, basic, NO_SCRIPTS, withFolder } from "./fixture.ts";

const login = { kind: "basic", username: "u", password: "p" } as const;

test("givenCredential() is for its registry only", async () => {
  const TABLE: [string, string, boolean][] = [
    ["ghcr.io", "ghcr.io", true],
    ["GHCR.io", "ghcr.io", true],
    ["ghcr.io", "ghcr.io:443", false],
    ["ghcr.io", "xghcr.io", false],
    ["ghcr.io", "ghcr.io.evil.example", false],
    ["docker.io", "registry-1.docker.io", true],
    ["docker.io", "mirror.example", false],
  ];
  for (const [registry, asked, given] of TABLE) {
    const found = await givenCredential(registry, login, "--username")(
      asked,
      "a",
    );
    assertEquals(Boolean(found), given, `${registry} for ${asked}`);
  }
});

test("credentialChain() gives the first login and asks no further", async () => {
  const asked: string[] = [];
  const provider = (name: string, has: boolean) => () => {
    asked.push(name);
    return Promise.resolve(
      has ? { credential: login, source: name } : undefined,
    );
  };
  const chain = credentialChain(
    provider("first", false),
    provider("second", true),
    provider("third", true),
  );
  assertEquals(asked, []);
  const answers = await Promise.all([chain("h", "a"), chain("H", "a")]);
  assertEquals(answers.map((answer) => answer?.source), ["second", "second"]);
  assertEquals(asked, ["first", "second"]);
  await chain("h", "b");
  assertEquals(asked, ["first", "second", "first", "second"]);
  assertEquals(await credentialChain()("h", "a"), undefined);
});

test("credentialChain() asks again after a failure", async () => {
  let attempts = 0;
  const chain = credentialChain(() => {
    attempts++;
    return Promise.reject(new Error("aborted"));
  });
  await assertRejects(() => chain("h", "a"), Error, "aborted");
  await assertRejects(() => chain("h", "a"), Error, "aborted");
  assertEquals(attempts, 2);
});

test("defaultCredentials() asks in the documented order", () =>
  withFolder(async ({ path, write }) => {
    const file = (user: string) => ({ auths: { h: auth(`${user}:p`) } });
    await write("config.json", file("docker"));
    const authfile = await write("named.json", file("named"));
    const settings: DefaultCredentialSettings = {
      registry: "h",
      given: basic("given:p", "--username") as never,
      authfile,
      env: {
        DOCKER_USERNAME: "variable",
        DOCKER_PASSWORD: "p",
        DOCKER_AUTH_CONFIG: JSON.stringify(file("text")),
        REGISTRY_AUTH_FILE: await write("variable.json", file("variable-file")),
        DOCKER_CONFIG: path,
      },
      platform: "linux",
    };
    const user = async (registry = "h") => {
      const found = await defaultCredentials(settings)(registry, "a");
      return found?.credential.kind === "basic"
        ? `${found.credential.username} from ${found.source}`
        : undefined;
    };
    assertEquals(await user(), "given from --username");
    // Another registry never sees what was given for this one.
    assertEquals(await user("other"), undefined);
    delete settings.given;
    assertEquals(await user(), "variable from DOCKER_USERNAME");
    assertEquals(await user("other"), undefined);
    settings.env.DOCKER_USERNAME = "";
    assertEquals(await user(), "text from DOCKER_AUTH_CONFIG");
    settings.env.DOCKER_AUTH_CONFIG = "";
    assertEquals(await user(), `named from ${authfile}`);
    await write("named.json", {});
    // A file that was named is the only one.
    assertEquals(await user(), undefined);
    delete settings.authfile;
    assertEquals(
      await user(),
      `variable-file from ${settings.env.REGISTRY_AUTH_FILE}`,
    );
    delete settings.env.REGISTRY_AUTH_FILE;
    assertEquals(
      await user(),
      `docker from ${posix.join(path, "config.json")}`,
    );
  }));

test("defaultCredentials() falls through what cannot be used, with a warning each", () =>
  withFolder(async ({ path, write, warnings, onWarning }) => {
    await write("config.json", "{,}");
    await write("auth.json", { auths: { h: auth("podman:p") } });
    const provider = defaultCredentials({
      registry: "h",
      env: {
        DOCKER_USERNAME: "u",
        DOCKER_AUTH_CONFIG: "secret",
        REGISTRY_AUTH_FILE: posix.join(path, "auth.json"),
      },
      platform: "linux",
    }, { onWarning });
    assertEquals(
      (await provider("h", "a"))?.source,
      posix.join(path, "auth.json"),
    );
    await provider("h", "b");
    assertEquals(warnings.map(({ code }) => code), ["credentials-unusable"]);
    const [{ source }] = warnings as unknown as [{ source: string }];
    assertEquals(source, "DOCKER_AUTH_CONFIG");
  }));

test(
  "defaultCredentials() runs a broken helper once and goes on to Podman's files",
  {
    skip: NO_SCRIPTS,
  },
  () =>
    withFolder(async (folder) => {
      const { path, write, warnings, onWarning } = folder;
      const env = await folder.helper(
        "broken",
        `echo x >> "$FOLDER/runs"; exit 1`,
      );
      await mkdir(posix.join(path, "containers"));
      await write("config.json", { credsStore: "broken" });
      await write("containers/auth.json", {
        auths: { "h/team": auth("new:p") },
      });
      await write(".dockercfg", { "https://h/v1/": auth("old:p") });
      const provider = defaultCredentials({
        registry: "h",
        env: { DOCKER_CONFIG: path, XDG_CONFIG_HOME: path },
        home: path,
        platform: "linux",
      }, { env, onWarning });
      assertEquals(
        await provider("h", "team/app"),
        basic("new:p", "~/containers/auth.json") as never,
      );
      assertEquals(
        await provider("h", "other"),
        basic("old:p", "~/.dockercfg") as never,
      );
      assertEquals(await readFile(posix.join(path, "runs"), "utf8"), "x\n");
      assertEquals(warnings, [{
        code: "credential-helper",
        helper: "broken",
        server: "h",
        failure: { code: "failed", status: 1, words: "" },
      }]);
    }),
);

const HOME = "/home/me";
const PATHS: [
  string,
  Parameters<typeof defaultCredentialPaths>[0],
  string[],
][] = [
  [
    "Linux without a session",
    { env: {}, home: HOME, uid: 7, platform: "linux" },
    [
      "docker ~/.docker/config.json",
      "podman /run/containers/7/auth.json",
      "podman ~/.config/containers/auth.json",
      "dockercfg ~/.dockercfg",
    ],
  ],
  [
    "Linux with all variables",
    {
      env: {
        DOCKER_CONFIG: "/etc/d",
        XDG_RUNTIME_DIR: "/run/user/7",
        XDG_CONFIG_HOME: "/home/me/etc",
      },
      home: HOME,
      uid: 7,
      platform: "linux",
    },
    [
      "docker /etc/d/config.json",
      "podman /run/user/7/containers/auth.json",
      "podman ~/etc/containers/auth.json",
      "dockercfg ~/.dockercfg",
    ],
  ],
  [
    "macOS",
    { env: { XDG_RUNTIME_DIR: "/x" }, home: HOME, uid: 7, platform: "darwin" },
    [
      "docker ~/.docker/config.json",
      "podman ~/.config/containers/auth.json",
      "dockercfg ~/.dockercfg",
    ],
  ],
  [
    "Windows",
    { env: {}, home: "C:\\Users\\me", platform: "windows" },
    [
      "docker ~\\.docker\\config.json",
      "podman ~\\.config\\containers\\auth.json",
      "dockercfg ~\\.dockercfg",
    ],
  ],
  ["nobody", { env: {}, platform: "linux" }, []],
];

for (const [what, settings, wanted] of PATHS) {
  test(`defaultCredentialPaths() gives the files of ${what}`, () => {
    const paths = defaultCredentialPaths(settings);
    assertEquals(
      paths.map(({ format, source }) => `${format} ${source}`),
      wanted,
    );
    for (const { path, source } of paths) {
      assertEquals(path, source.replace(/^~/, settings.home!));
    }
  });
}
