import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import type { Credential } from "../../lib/image/types.ts";
import {
  CredentialHelperError,
  InvalidDocumentError,
  InvalidSettingError,
  StorageError,
} from "../../lib/image/errors.ts";
import {
  eraseCredential,
  saveCredential,
  type SaveOptions,
} from "../../lib/credentials/save.ts";
import { test } from "../harness.ts";
import { auth, NO_SCRIPTS, withFolder } from "./fixture.ts";

const posix = { skip: NO_SCRIPTS };
const login: Credential = { kind: "basic", username: "u", password: "pä:ss" };
const encoded = { auth: "dTpww6Q6c3M=" };
const HUB = "https://index.docker.io/v1/";

const read = async (path: string) => JSON.parse(await readFile(path, "utf8"));

test(
  "saveCredential() makes the file and its folder for the owner only",
  posix,
  () =>
    withFolder(async ({ path }) => {
      const file = `${path}/.docker/config.json`;
      assertEquals(
        await saveCredential(file, "H:5000", login, { source: "it" }),
        "it",
      );
      assertEquals(
        await readFile(file, "utf8"),
        `{\n\t"auths": {\n\t\t"h:5000": {\n\t\t\t"auth": "dTpww6Q6c3M="\n\t\t}\n\t}\n}`,
      );
      assertEquals((await stat(file)).mode & 0o777, 0o600);
      assertEquals((await stat(`${path}/.docker`)).mode & 0o777, 0o700);
      assertEquals(await readdir(`${path}/.docker`), ["config.json"]);
    }),
);

test(
  "saveCredential() makes an open file private",
  posix,
  () =>
    withFolder(async ({ write }) => {
      const file = await write("config.json", { auths: {} });
      await chmod(file, 0o644);
      await saveCredential(file, "h", login);
      assertEquals((await stat(file)).mode & 0o777, 0o600);
    }),
);

const FORMS: [string, Credential, SaveOptions, string, unknown][] = [
  ["a password", login, {}, "h", encoded],
  [
    "an identity token",
    { kind: "identity-token", token: "t" },
    {},
    "h",
    { identitytoken: "t" },
  ],
  [
    "an identity token with a user",
    { kind: "identity-token", token: "t", username: "u" },
    {},
    "h",
    { auth: btoa("u:"), identitytoken: "t" },
  ],
  [
    "a registry token",
    { kind: "registry-token", token: "t" },
    {},
    "h",
    { registrytoken: "t" },
  ],
  ["Docker Hub's login", login, {}, HUB, encoded],
  [
    "Podman's for Docker Hub",
    login,
    { format: "podman" },
    "docker.io",
    encoded,
  ],
];

for (const [what, credential, options, key, entry] of FORMS) {
  test(`saveCredential() writes ${what}`, () =>
    withFolder(async ({ path }) => {
      const file = `${path}/config.json`;
      const registry = key === HUB ? "docker.io" : key;
      await saveCredential(file, registry, credential, options);
      assertEquals(await read(file), { auths: { [key]: entry } });
      assertEquals(await eraseCredential(file, registry, options), [file]);
      assertEquals(await read(file), { auths: {} });
    }));
}

test("saveCredential() and eraseCredential() leave the meaning of all else", () =>
  withFolder(async ({ write }) => {
    const before = `{
    "detachKeys" : "ctrl-e,e",
  "HttpHeaders": { "X-\\u00e9": "a\\/b 1.50", "b": 10000000000000000001 },
    "auths": {
        "z.example": {"auth":   "eDp5"},
        "127.0.0.1": { }
    },
    "__proto__": [ 1e2, -0.10, {"}": "]"} ]
}
`;
    const written = (last: string) =>
      `{
    "detachKeys": "ctrl-e,e",
    "HttpHeaders": {
        "X-é": "a/b 1.50",
        "b": 10000000000000000001
    },
    "auths": {
        "z.example": {
            "auth": "eDp5"
        },
        "127.0.0.1": {}${last}
    },
    "__proto__": [
        1e2,
        -0.10,
        {
            "}": "]"
        }
    ]
}
`;
    const file = await write("config.json", before);
    const text = () => readFile(file, "utf8");
    // What is not there is not taken away by writing the file anew.
    assertEquals(await eraseCredential(file, "h"), []);
    assertEquals(await text(), before);
    await saveCredential(file, "h", login);
    const entry = `,
        "h": {
            "auth": "dTpww6Q6c3M="
        }`;
    assertEquals(await text(), written(entry));
    // The same login again changes nothing.
    await saveCredential(file, "h", login);
    assertEquals(await text(), written(entry));
    assertEquals(await eraseCredential(file, "h"), [file]);
    assertEquals(await text(), written(""));
  }));

const LAYOUTS: [string, string, string][] = [
  ["an empty object", "{}", '{\n\t"auths": {\n\t\t"h": ENTRY\n\t}\n}'],
  ["an empty text", " \n", '{\n\t"auths": {\n\t\t"h": ENTRY\n\t}\n}\n'],
  ["one line", '{"x":1}', '{"x":1,"auths":{"h":ENTRY}}'],
  ["one line with logins", '{"auths":{"c":2}}', '{"auths":{"c":2,"h":ENTRY}}'],
  [
    "one line with the login",
    '{"auths":{"h":2,"c":3}}',
    '{"auths":{"h":ENTRY,"c":3}}',
  ],
  ["null in the way", '{"auths":null}', '{"auths":{"h":ENTRY}}'],
  ["two of a name", '{"auths":{"h":2,"h":3}}', '{"auths":{"h":ENTRY}}'],
  ["an escaped name", '{"\\u0061uths":{"h":2}}', '{"auths":{"h":ENTRY}}'],
  [
    "brackets in texts",
    '{"}{\\"":"]}\\\\","auths":{"h":2}}',
    '{"}{\\"":"]}\\\\","auths":{"h":ENTRY}}',
  ],
  [
    "two spaces",
    '{\n  "auths": {}\n}\n',
    '{\n  "auths": {\n    "h": ENTRY\n  }\n}\n',
  ],
  [
    "mixed layout",
    '{\n  "auths": {"c": 1}\n}',
    '{\n  "auths": {\n    "c": 1,\n    "h": ENTRY\n  }\n}',
  ],
];

for (const [what, text, wanted] of LAYOUTS) {
  test(`saveCredential() keeps the indentation of ${what}`, () =>
    withFolder(async ({ path }) => {
      const file = `${path}/config.json`;
      await writeFile(file, text);
      const credential = { kind: "registry-token", token: "t" } as const;
      await saveCredential(file, "h", credential);
      const saved = await readFile(file, "utf8");
      const entry = /\{\s*"registrytoken": ?"t"\s*\}/;
      assertEquals(saved.replace(entry, "ENTRY"), wanted);
      assertEquals(JSON.parse(saved).auths.h, { registrytoken: "t" });
    }));
}

const ERASED: [string, string, string][] = [
  ["the only one", '{"auths":{ "h":1 }}', '{"auths":{}}'],
  ["the first", '{"auths":{"h":{"x":[1,2]}, "c":2}}', '{"auths":{"c":2}}'],
  ["the last", '{"auths":{"c":2,"h":"}"}}', '{"auths":{"c":2}}'],
  [
    "the middle",
    '{"auths":{"c":2,"h":-1.5e3,"d":4.0}}',
    '{"auths":{"c":2,"d":4.0}}',
  ],
  [
    "every one of the name",
    '{"auths":{"h":1,"c":2,"h":3,"\\u0068":4}}',
    '{"auths":{"c":2}}',
  ],
  ["nothing if it is not there", '{"auths": {"c":2}}', '{"auths": {"c":2}}'],
  ["nothing if there are no logins", '{"a": ["h"]}', '{"a": ["h"]}'],
  ["nothing of another object", '{"h":1,"x": {"h":2}}', '{"h":1,"x": {"h":2}}'],
];

for (const [what, text, wanted] of ERASED) {
  test(`eraseCredential() takes away ${what}`, () =>
    withFolder(async ({ path }) => {
      const file = `${path}/config.json`;
      await writeFile(file, text);
      await eraseCredential(file, "h");
      assertEquals(await readFile(file, "utf8"), wanted);
    }));
}

test("eraseCredential() takes every spelling of the host and no other host", () =>
  withFolder(async ({ write }) => {
    const keys = ["h", "https://h", "http://h/v1/", "H", "h/team"];
    const others = ["h:5000", "x.h", "https://other/h"];
    const auths = Object.fromEntries(
      [...keys, ...others].map((key) => [key, auth("u:p")]),
    );
    const file = await write("config.json", { auths });
    await eraseCredential(file, "h");
    assertEquals(Object.keys((await read(file)).auths), others);
    const podman = await write("auth.json", { auths });
    await eraseCredential(podman, "h", { format: "podman" });
    assertEquals(Object.keys((await read(podman)).auths), [
      "h/team",
      ...others,
    ]);
  }));

test(
  "saveCredential() gives the login to the configured helper",
  posix,
  () =>
    withFolder(async (folder) => {
      const env = await folder.helper(
        "it",
        `(echo "$*"; cat) >> "$FOLDER/log"`,
      );
      const file = await folder.write("config.json", {
        credsStore: "it",
        auths: { h: auth("old:password") },
      });
      assertEquals(
        await saveCredential(file, "h", login, { env }),
        "docker-credential-it",
      );
      assertEquals(await read(file), { credsStore: "it", auths: { h: {} } });
      assertEquals(await eraseCredential(file, "h", { env }), [
        "docker-credential-it",
      ]);
      assertEquals(await read(file), { credsStore: "it", auths: {} });
      assertEquals(
        await readFile(`${folder.path}/log`, "utf8"),
        `store\n{"ServerURL":"h","Username":"u","Secret":"pä:ss"}\nerase\nh`,
      );
    }),
);

test(
  "saveCredential() writes nothing when the helper fails",
  posix,
  () =>
    withFolder(async (folder) => {
      const env = await folder.helper("it", "exit 1");
      const file = await folder.write("config.json", {
        credHelpers: { h: "it" },
      });
      const before = await readFile(file, "utf8");
      await assertRejects(
        () => saveCredential(file, "h", login, { env }),
        CredentialHelperError,
      );
      assertEquals(await readFile(file, "utf8"), before);
      // Another registry has no helper and goes to the file.
      assertEquals(await saveCredential(file, "other", login, { env }), file);
    }),
);

test(
  "saveCredential() follows symbolic links and keeps them",
  posix,
  () =>
    withFolder(async ({ path, write }) => {
      await mkdir(`${path}/dotfiles`);
      await mkdir(`${path}/.docker`);
      await write("dotfiles/real.json", { auths: { x: auth("u:p") } });
      await symlink("../dotfiles/link.json", `${path}/.docker/config.json`);
      await symlink("real.json", `${path}/dotfiles/link.json`);
      await saveCredential(`${path}/.docker/config.json`, "h", login);
      const saved = await read(`${path}/dotfiles/real.json`);
      assertEquals(Object.keys(saved.auths), ["x", "h"]);
      assertEquals(await readlink(`${path}/dotfiles/link.json`), "real.json");
      assertEquals((await readdir(`${path}/dotfiles`)).sort(), [
        "link.json",
        "real.json",
      ]);

      await symlink("nowhere/yet.json", `${path}/dangling.json`);
      await saveCredential(`${path}/dangling.json`, "h", login);
      assert((await lstat(`${path}/dangling.json`)).isSymbolicLink());
      assertEquals(await read(`${path}/nowhere/yet.json`), {
        auths: { h: encoded },
      });
    }),
);

test("saveCredential() rejects what it cannot write, and changes nothing", () =>
  withFolder(async ({ path, write }) => {
    const broken = await write("broken.json", '{"auths":{"h":"secret",}}');
    const error = await assertRejects(
      () => saveCredential(broken, "h", login, { source: "config.json" }),
      InvalidDocumentError,
    );
    assertEquals([error.subject, error.code], ["config.json", "invalid-json"]);
    assertEquals(error.cause, undefined);
    await assertRejects(
      () => eraseCredential(broken, "h"),
      InvalidDocumentError,
    );
    assertEquals(await readFile(broken, "utf8"), '{"auths":{"h":"secret",}}');

    await mkdir(`${path}/folder`);
    await assertRejects(
      () => saveCredential(`${path}/folder`, "h", login),
      StorageError,
    );
    const under = `${broken}/config.json`;
    await assertRejects(() => saveCredential(under, "h", login), StorageError);
    await assertRejects(
      () =>
        saveCredential(`${path}/new.json`, "h", { ...login, username: "a:b" }),
      InvalidSettingError,
      "Cannot use user-name: colon",
    );
    assertEquals((await readdir(path)).sort(), ["broken.json", "folder"]);
  }));

test("saveCredential() loses no login of many at the same time", () =>
  withFolder(async ({ path }) => {
    const file = `${path}/.docker/config.json`;
    const hosts = Array.from({ length: 5 }, (_, index) => `h${index}`);
    await Promise.all(hosts.map((host) => saveCredential(file, host, login)));
    assertEquals(Object.keys((await read(file)).auths).sort(), hosts);
    assertEquals(await readdir(`${path}/.docker`), ["config.json"]);
  }));
