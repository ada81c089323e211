import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { LoginOptions } from "../../../cli/options/shared_options.ts";
import { test } from "../../harness.ts";
import { UsageError } from "../../../cli/options/arguments.ts";
import { readLogin } from "../../../cli/access/given_login.ts";
import type { Environment } from "../../../cli/options/environment.ts";
import type { Input } from "../../../cli/io.ts";
import { Screen, Sink } from "../progress/screen.ts";

function input(...chunks: (string | Uint8Array)[]): Input {
  return {
    async *[Symbol.asyncIterator]() {
      await Promise.resolve();
      yield* chunks;
    },
  };
}

interface Situation {
  env?: Environment;
  stdin?: Input;
  terminal?: boolean;
  typed?: string | null;
}

async function read(options: Partial<LoginOptions>, situation: Situation = {}) {
  const { env = {}, stdin = input(), terminal, typed = null } = situation;
  const warnings: string[] = [];
  const questions: string[] = [];
  const found = await readLogin(
    { passwordStdin: false, ...options },
    "r.example",
    {
      env,
      stdin: Object.assign(stdin, { isTTY: terminal }),
      stdout: terminal ? new Screen() : new Sink(),
      warn: (message) => warnings.push(message),
      prompt: (message) => {
        questions.push(message);
        return typed;
      },
    },
  );
  const basic = found?.credential.kind === "basic"
    ? [found.credential.username, found.credential.password]
    : undefined;
  return { basic, source: found?.source, warnings, questions };
}

test("readLogin() takes user and password from wherever they are", async () => {
  const env = { DOCKER_USERNAME: "eve", DOCKER_PASSWORD: "envpw" };
  assertEquals((await read({})).basic, undefined);
  assertEquals((await read({}, { env })).basic, ["eve", "envpw"]);
  assertEquals((await read({}, { env })).source, "DOCKER_USERNAME");
  const given = await read({ username: "u", password: "p" }, { env });
  assertEquals(given.basic, ["u", "p"]);
  assertEquals(given.source, "--username");
  assertEquals((await read({ password: "p" }, { env })).basic, ["eve", "p"]);
  assertEquals((await read({ username: "eve" }, { env })).basic, [
    "eve",
    "envpw",
  ]);
  assertEquals(
    (await read({ username: "u" }, { env: { DOCKER_PASSWORD: "x" } })).basic,
    ["u", "x"],
  );
});

test("readLogin() does not give one user's password to another", async () => {
  const env = { DOCKER_USERNAME: "eve", DOCKER_PASSWORD: "envpw" };
  const found = await read({ username: "u" }, {
    env,
    terminal: true,
    typed: "typed",
  });
  assertEquals(found.basic, ["u", "typed"]);
});

test("readLogin() reads standard input up to its last line's end", async () => {
  const options = { username: "u", passwordStdin: true };
  const password = async (...chunks: (string | Uint8Array)[]) =>
    (await read(options, { stdin: input(...chunks) })).basic?.[1];
  assertEquals(await password("secret\n"), "secret");
  assertEquals(await password("se", "cret\r\n"), "secret");
  assertEquals(await password("secret"), "secret");
  assertEquals(await password(" a b \n\n"), " a b \n");
  const [first, second] = [
    new Uint8Array([0xc3]),
    new Uint8Array([0xa9, 0x0a]),
  ];
  assertEquals(await password(first, second), "é");
  await assertRejects(() => password("\n"), UsageError, "holds no password");
  await assertRejects(() => password(), UsageError, "holds no password");
  await assertRejects(
    () => password("x".repeat(70_000)),
    UsageError,
    "too long",
  );
});

test("readLogin() asks on a terminal, and only there", async () => {
  const asked = await read({ username: "u" }, { terminal: true, typed: "pw" });
  assertEquals(asked.basic, ["u", "pw"]);
  assertEquals(asked.questions, ["Password for u at r.example:"]);
  await assertRejects(
    () => read({ username: "u" }),
    UsageError,
    "--username needs a password",
  );
  for (const typed of ["", null]) {
    await assertRejects(
      () => read({ username: "u" }, { terminal: true, typed }),
      UsageError,
      "No password was typed",
    );
  }
});

test("readLogin() warns of what is unsafe or without effect", async () => {
  const { warnings } = await read({ username: "u", password: "hunter2" });
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "--password-stdin");
  assert(!warnings[0]!.includes("hunter2"));
  const alone = await read({}, { env: { DOCKER_USERNAME: "eve" } });
  assertEquals(alone.basic, undefined);
  assertStringIncludes(alone.warnings[0]!, "without DOCKER_PASSWORD");
});

test("readLogin() refuses half a login", async () => {
  await assertRejects(
    () => read({ password: "p" }),
    UsageError,
    "--password needs --username",
  );
  await assertRejects(
    () => read({ passwordStdin: true }),
    UsageError,
    "--password-stdin needs --username",
  );
  await assertRejects(
    () => read({ username: "a:b", password: "p" }),
    UsageError,
    "colon",
  );
});
