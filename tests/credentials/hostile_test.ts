import { inspect } from "node:util";
import { type DockerPullError, StorageError } from "../../lib/image/errors.ts";
import { assert, assertEquals } from "@std/assert";
import { chmod, mkdir, symlink } from "node:fs/promises";
import process from "node:process";
import { AUTH_FILE_LIMIT } from "../../lib/credentials/auth_file.ts";
import { dockerConfigFile } from "../../lib/credentials/auth_file_provider.ts";
import { saveCredential } from "../../lib/credentials/save.ts";
import { test } from "../harness.ts";
import { auth, basic, NO_SCRIPTS, withFolder } from "./fixture.ts";

const source = "~/.docker/config.json";

const MALFORMED: [string, string][] = [
  ["a trailing comma", '{"auths":{"h":{"auth":"c2VjcmV0"},}}'],
  ["half a file", '{"auths":{"h":{"auth":"c2VjcmV0'],
  ["no JSON at all", "machine h login me password c2VjcmV0"],
  ["a list", '["c2VjcmV0"]'],
  ["a text", '"c2VjcmV0"'],
  ["null", "null"],
  ["auths that is a text", '{"auths":"c2VjcmV0"}'],
  ["auths that is a list", '{"auths":[]}'],
  ["credHelpers that is a text", '{"credHelpers":"c2VjcmV0"}'],
  ["a million brackets", "[".repeat(1_000_000)],
  ["NULs", "\0".repeat(100)],
];

for (const [what, text] of MALFORMED) {
  test(`dockerConfigFile() warns once of ${what}, without quoting it`, () =>
    withFolder(async ({ write, warnings, onWarning }) => {
      const path = await write("config.json", text);
      const provider = dockerConfigFile(path, { source, onWarning });
      assertEquals(await provider("h", "a"), undefined);
      assertEquals(await provider("docker.io", "library/nginx"), undefined);
      assertEquals(warnings.length, 1);
      const [{ code, error }] = warnings as [{ code: string; error: Error }];
      assertEquals(code, "credentials-unusable");
      assertEquals(inspect(error).includes("c2VjcmV0"), false);
    }));
}

test("dockerConfigFile() does not read beyond its limit", () =>
  withFolder(async ({ write, warnings, onWarning }) => {
    const json = JSON.stringify({ auths: { h: auth("u:p") } });
    const most = await write("most.json", json.padEnd(AUTH_FILE_LIMIT));
    assertEquals(
      await dockerConfigFile(most, { source, onWarning })("h", "a"),
      basic("u:p", source) as never,
    );
    const more = await write("more.json", json.padEnd(AUTH_FILE_LIMIT + 1));
    assertEquals(
      await dockerConfigFile(more, { source, onWarning })("h", "a"),
      undefined,
    );
    assertEquals(warnings.length, 1);
    const [{ error }] = warnings as unknown as [{ error: DockerPullError }];
    assertEquals(error.code, "too-large");
  }));

test("dockerConfigFile() does not read a device without end", {
  skip: NO_SCRIPTS,
}, () =>
  withFolder(async ({ warnings, onWarning }) => {
    const provider = dockerConfigFile("/dev/zero", { source, onWarning });
    assertEquals(await provider("h", "a"), undefined);
    assertEquals(warnings.length, 1);
  }));

test("dockerConfigFile() warns once of what cannot be read", {
  skip: NO_SCRIPTS,
}, () =>
  withFolder(async ({ path, write, warnings, onWarning }) => {
    await mkdir(`${path}/folder`);
    await symlink("loop", `${path}/loop`);
    const closed = await write("closed.json", {});
    await chmod(closed, 0);
    const files = [`${path}/folder`, `${path}/loop`];
    // The administrator may read everything.
    if (process.getuid?.() !== 0) files.push(closed);
    for (const file of files) {
      const provider = dockerConfigFile(file, { source, onWarning });
      assertEquals(await provider("h", "a"), undefined);
      assertEquals(await provider("h", "b"), undefined);
    }
    assertEquals(warnings.length, files.length);
    for (const { error } of warnings as { error: Error }[]) {
      assert(error instanceof StorageError);
      assertEquals([error.operation, error.path], ["read", source]);
    }
  }));

const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty"];

for (const name of NAMES) {
  test(`dockerConfigFile() finds no login in the prototype: ${name}`, () =>
    withFolder(async ({ write, warnings, onWarning }) => {
      const run = () => Promise.reject(new Error("no helper is named"));
      const path = await write(
        "config.json",
        `{"__proto__":{"auths":{"h":{"auth":"dTpw"}},"credsStore":"x"},
          "auths":{"__proto__":{"h":{"auth":"dTpw"},"auth":"dTpw"},
                   "other":{"__proto__":{"auth":"dTpw"}}},
          "credHelpers":{"__proto__":{"h":"x"}}}`,
      );
      const provider = dockerConfigFile(path, { source, onWarning, run });
      assertEquals(await provider("h", "a"), undefined);
      assertEquals(await provider("other", "a"), undefined);
      // A key of the file that is spelt like this is a key like any other.
      assertEquals(
        await provider(name, "a"),
        (name === "__proto__" ? basic("u:p", source) : undefined) as never,
      );
      assertEquals(({} as { auth?: string }).auth, undefined);
      assertEquals(warnings, []);
    }));
}

test("saveCredential() keeps keys named like the prototype", () =>
  withFolder(async ({ path, write }) => {
    const file = await write("config.json", '{"__proto__":{"auths":1}}');
    const credential = { kind: "basic", username: "u", password: "p" } as const;
    await saveCredential(file, "__proto__", credential);
    assertEquals(
      await dockerConfigFile(`${path}/config.json`, { source })(
        "__proto__",
        "a",
      ),
      basic("u:p", source) as never,
    );
    assertEquals(({} as { auths?: unknown }).auths, undefined);
  }));
