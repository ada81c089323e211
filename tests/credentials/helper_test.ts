import { CredentialHelperError } from "../../lib/image/errors.ts";
import type { HelperFailure } from "../../lib/image/problems.ts";
import type { Warning } from "../../lib/image/events.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { readFile } from "node:fs/promises";
import {
  eraseWithHelper,
  getFromHelper,
  storeWithHelper,
} from "../../lib/credentials/helper.ts";
import { test } from "../harness.ts";
import { type Folder, NO_SCRIPTS, withFolder } from "./fixture.ts";

const posix = { skip: NO_SCRIPTS };
const SERVER = "https://index.docker.io/v1/";

/** Asks a helper made of a script. */
async function ask(folder: Folder, script: string, timeout = 10_000) {
  const env = await folder.helper("it", script);
  const { onWarning } = folder;
  return await getFromHelper("it", SERVER, { env, timeout, onWarning });
}

test(
  "getFromHelper() gives the server on stdin and reads the login",
  posix,
  () =>
    withFolder(async (folder) => {
      const script = `
      printf '{"ServerURL":"%s","Username":"%s","Secret":"pass"}' "$(cat)" "$*"`;
      assertEquals(await ask(folder, `${script} | tee "$FOLDER/out"`), {
        kind: "basic",
        username: "get",
        password: "pass",
      });
      const printed = JSON.parse(await readFile(`${folder.path}/out`, "utf8"));
      assertEquals(printed.ServerURL, SERVER);
      assertEquals(folder.warnings, []);
    }),
);

const ANSWERS: [string, string, unknown][] = [
  [
    "an identity token",
    `echo '{"Username":"<token>","Secret":"t"}'`,
    { kind: "identity-token", token: "t" },
  ],
  [
    "a login without having read its input",
    `exec <&-; echo '{"Username":"u","Secret":"p"}'`,
    { kind: "basic", username: "u", password: "p" },
  ],
  [
    "a login and grumbles",
    `echo secret >&2; echo '{"Username":"u","Secret":"p"}'`,
    { kind: "basic", username: "u", password: "p" },
  ],
  ["none", `echo credentials not found in native keychain; exit 1`, undefined],
  ["empty fields", `echo '{"Username":"","Secret":""}'`, undefined],
];

for (const [what, script, credential] of ANSWERS) {
  test(
    `getFromHelper() takes ${what} without a warning`,
    posix,
    () =>
      withFolder(async (folder) => {
        assertEquals(await ask(folder, script), credential as never);
        assertEquals(folder.warnings, []);
      }),
  );
}

const RUBBISH: HelperFailure = { code: "no-login" };
const failed = (status: number, words = ""): HelperFailure => ({
  code: "failed",
  status,
  words,
});

const FAILURES: [string, string, HelperFailure][] = [
  ["prints nothing", "true", RUBBISH],
  ["prints no JSON", "echo secret", RUBBISH],
  [
    "prints half a login",
    `echo '{"Username":"u","Secr'`,
    RUBBISH,
  ],
  ["prints a list", "echo '[]'", RUBBISH],
  [
    "prints a number",
    `echo '{"Username":"u","Secret":7}'`,
    RUBBISH,
  ],
  [
    "has no user",
    `echo '{"Username":"","Secret":"secret"}'`,
    RUBBISH,
  ],
  [
    "has no secret",
    `echo '{"Username":"u"}'`,
    RUBBISH,
  ],
  ["fails", "exit 3", failed(3)],
  ["is killed", "kill -9 $$", failed(-1)],
  [
    "fails and says why",
    "echo 'no credentials server URL'; exit 1",
    failed(1, "no credentials server URL"),
  ],
  [
    "fails and says why, and more",
    "echo 'no credentials server URL'; echo secret; exit 1",
    failed(1),
  ],
  [
    "fails and draws on the terminal",
    "printf 'a\\033[31mb\\033]0;c\\007'; exit 1",
    failed(1),
  ],
  [
    "fails and prints a login",
    `echo '{"Username":"u","Secret":"secret"}'; exit 1`,
    failed(1),
  ],
  [
    "fails and prints a token",
    "echo bad token dckr_pat_secretsecretsecret; exit 1",
    failed(1),
  ],
  [
    "fails and prints a short password",
    "echo wrong password secret; exit 1",
    failed(1),
  ],
  ["prints without end", "yes secret", { code: "overflow", limit: 1048576 }],
];

for (const [what, script, failure] of FAILURES) {
  test(
    `getFromHelper() warns in one line of one that ${what}`,
    posix,
    () =>
      withFolder(async (folder) => {
        assertEquals(await ask(folder, script), undefined);
        assertEquals(folder.warnings, [{
          code: "credential-helper",
          helper: "it",
          server: SERVER,
          failure,
        }]);
      }),
  );
}

test("getFromHelper() warns of one that is not there", () =>
  withFolder(async ({ path, warnings, onWarning }) => {
    const env = { PATH: path };
    assertEquals(await getFromHelper("it", "h", { env, onWarning }), undefined);
    assertEquals(warnings, [{
      code: "credential-helper",
      helper: "it",
      server: "h",
      failure: { code: "not-installed" },
    }]);
  }));

const NAMES = [
  "",
  ".",
  "..",
  "../it",
  "/bin/it",
  "a/b",
  "a\\b",
  "a;reboot",
  "$(reboot)",
  "a b",
  "-it",
  "a\nb",
  "a\0b",
  "ü",
  "a".repeat(65),
];

for (const name of NAMES) {
  test(`getFromHelper() runs nothing for the name ${JSON.stringify(name)}`, async () => {
    const run = () => Promise.reject(new Error("it was run"));
    const warnings: Warning[] = [];
    const onWarning = (warning: Warning) => void warnings.push(warning);
    assertEquals(
      await getFromHelper(name, "h", { run, onWarning }),
      undefined,
    );
    assertEquals(warnings, [{
      code: "credential-helper",
      helper: name,
      server: "h",
      failure: { code: "not-a-name" },
    }]);
  });
}

test(
  "storeWithHelper() and eraseWithHelper() speak the protocol",
  posix,
  () =>
    withFolder(async (folder) => {
      const env = await folder.helper(
        "it",
        `(echo "$*"; cat) >> "$FOLDER/log"`,
      );
      await storeWithHelper("it", "h", {
        kind: "basic",
        username: "u",
        password: 'p"\n',
      }, { env });
      await storeWithHelper("it", "h", { kind: "identity-token", token: "t" }, {
        env,
      });
      assertEquals(await eraseWithHelper("it", "h", { env }), true);
      assertEquals(
        await readFile(`${folder.path}/log`, "utf8"),
        `store\n{"ServerURL":"h","Username":"u","Secret":"p\\"\\n"}\n` +
          `store\n{"ServerURL":"h","Username":"<token>","Secret":"t"}\n` +
          `erase\nh`,
      );
    }),
);

test(
  "eraseWithHelper() says when there was nothing to erase",
  posix,
  () =>
    withFolder(async (folder) => {
      const env = await folder.helper(
        "it",
        "echo credentials not found in native keychain; exit 1",
      );
      assertEquals(await eraseWithHelper("it", "h", { env }), false);
    }),
);

test(
  "storeWithHelper() rejects when the helper does not take the login",
  posix,
  () =>
    withFolder(async (folder) => {
      const env = await folder.helper("it", "echo not implemented; exit 1");
      const login = {
        kind: "basic",
        username: "u",
        password: "secret",
      } as const;
      const error = await assertRejects(
        () => storeWithHelper("it", "h", login, { env }),
        CredentialHelperError,
      );
      const { operation, server, helper, problem } = error;
      assertEquals([operation, server, helper], ["store", "h", "it"]);
      assertEquals(problem, failed(1, "not implemented"));
      const token = { kind: "registry-token", token: "secret" } as const;
      const refused = await assertRejects(
        () => storeWithHelper("it", "h", token, { env }),
        CredentialHelperError,
      );
      assertEquals(refused.code, "registry-token");
      const nameless = await assertRejects(
        () => storeWithHelper("../it", "h", login, { env }),
        CredentialHelperError,
      );
      assertEquals(nameless.code, "not-a-name");
    }),
);
