import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CredentialHelperError } from "../../lib/credentials/helper.ts";
import { auth, withFolder } from "../credentials/fixture.ts";
import { run as runProgram } from "../fixtures/command.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { run } from "./main_fixture.ts";

test("main() shows the help of a command", async () => {
  for (const command of ["login", "logout"]) {
    for (const argv of [[command, "--help"], [command, "ghcr.io", "-h"]]) {
      const { code, stdout, stderr } = await run(argv);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `Usage: docker-pull ${command} [OPTIONS]`);
    }
  }
});

test("main() logs in where a registry takes the login, and out again", () =>
  withFolder(async ({ path }) => {
    const registry = new FakeRegistry({
      auth: { kind: "basic", users: { me: "s3cret" } },
    });
    const served = await registry.serve();
    const env = { HOME: path, DOCKER_USERNAME: "me" };
    const text = () => readFile(join(path, ".docker/config.json"), "utf8");
    try {
      const wrong = await run(["login", served.host, "-v"], undefined, {
        env: { ...env, DOCKER_PASSWORD: "wr0ng" },
      });
      assertEquals([wrong.code, wrong.stdout], [3, ""]);
      assertStringIncludes(wrong.stderr, `Cannot log in to ${served.host}: it`);
      assertStringIncludes(wrong.stderr, "AuthenticationError");
      const right = await run(["login", served.host], undefined, {
        env: { ...env, DOCKER_PASSWORD: "s3cret" },
      });
      assertEquals([right.code, right.stderr], [0, ""]);
      assertStringIncludes(right.stdout, `Logged in to ${served.host}\n`);
      assertEquals(JSON.parse(await text()), {
        auths: { [served.host]: auth("me:s3cret") },
      });
      const out = await run(["logout", served.host], undefined, { env });
      assertEquals(
        out.stdout,
        `Removed the login for ${served.host} from ~/.docker/config.json\n`,
      );
      assert(!(await text()).includes(auth("me:s3cret").auth));
    } finally {
      await served.close();
    }
  }));

test("main() blames the file of logins where that cannot be read", () =>
  withFolder(async ({ path }) => {
    await writeFile(join(path, "config.json"), '{"auths": {"s3cret"');
    const io = { env: { DOCKER_CONFIG: path } };
    const { code, stderr } = await run(["logout", "r.io"], undefined, io);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `/config.json: it is not valid JSON\n`);
    assertStringIncludes(stderr, "hint: repair that file");
    assert(!stderr.includes("s3cret"));
    // A pull does without it, and says so once it looks for a login.
    const pull = await run(["r.io/a"], async ({ options }) => {
      assertEquals(await options.credentials!("r.io", "a"), undefined);
      throw new CredentialHelperError("x", "y", "z");
    }, io);
    assertStringIncludes(pull.stderr, "so no login is taken from there\n");
  }));

test("main() tells of a command's own mistakes", async () => {
  const mistakes: [string[], string][] = [
    [["login", "--bogus"], "Unknown option --bogus"],
    [["login", "not/a/host"], '"not/a/host" is not a registry'],
    [["login", "r.io"], "A login needs --username USER"],
    [["logout", "--username", "x"], "Unknown option --username"],
    [["logout", "a.io", "b.io"], "One registry at a time"],
  ];
  for (const [argv, words] of mistakes) {
    const { code, stderr } = await run(argv);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `error: ${words}`);
    assertStringIncludes(stderr, `hint: docker-pull ${argv[0]} --help shows`);
  }
});

test("main() names the nearest tags", async () => {
  const registry = new FakeRegistry();
  registry.add("team/app", await buildImage(), "1.0", "1.1", "latest");
  const served = await registry.serve();
  try {
    const { pull } = await import("../../lib/pull.ts");
    const argv = ["--no-cache", `${served.host}/team/app:1.2`];
    const { code, stderr } = await run(
      argv,
      ({ reference, options }) => pull(reference, options),
    );
    assertEquals(code, 5);
    assertStringIncludes(stderr, "has no such tag (MANIFEST_UNKNOWN");
    assertStringIncludes(stderr, "hint: the nearest tags are 1.0, 1.1 and");
  } finally {
    await served.close();
  }
});

test("main() waits for a registry no longer than --max-wait", () =>
  withFolder(async ({ path: folder }) => {
    const image = await buildImage();
    for (const wanted of ["/manifests/", image.layers[0]!.digest]) {
      const registry = new FakeRegistry();
      registry.add("team/app", image, "1");
      registry.fault = ({ path }) =>
        path.includes(wanted)
          ? { status: 429, headers: { "retry-after": "30" } }
          : {};
      const served = await registry.serve();
      try {
        const { pull } = await import("../../lib/pull.ts");
        const { code, stderr } = await run(
          [
            ...["--no-cache", "--max-wait", "5", "-o", join(folder, "x.tar")],
            `${served.host}/team/app:1`,
          ],
          ({ reference, options }) => pull(reference, options),
        );
        assertEquals(code, 6, stderr);
        assertStringIncludes(stderr, "let this wait with --max-wait 30;");
      } finally {
        await served.close();
      }
    }
  }));

const root = fileURLToPath(new URL("../..", import.meta.url));
const npm = import.meta.resolve("@std/assert").startsWith("file:");

/** The lines of the README that say what each use needs. */
async function documentedLines(): Promise<string[]> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const part = readme.split(/<!-- \/?permissions -->/)[1]!;
  return part.split("\n").filter((line) => line.startsWith("deno run "));
}

test("each use needs the documented permissions only", {
  skip: !("Deno" in globalThis) && "Bun and Node have no permissions",
}, () =>
  withFolder(async ({ path }) => {
    const config = join(root, npm ? "deno.npm.json" : "deno.json");
    const registry = new FakeRegistry();
    registry.add("team/app", await buildImage(), "1");
    const served = await registry.serve();
    await mkdir(join(path, "out"));
    await mkdir(join(path, "config"));
    const env = { DOCKER_CONFIG: "config", DOCKER_USERNAME: "me" };
    const done: string[] = [];
    try {
      const lines = await documentedLines();
      for (const line of lines) {
        const [permissions, args] = line.replaceAll("HOST", served.host)
          .slice("deno run ".length).split(" jsr:@x/docker-pull ");
        const { code, stdout, stderr } = await runProgram([
          ...[process.execPath, "run", "--no-prompt", "--no-lock"],
          ...["-c", config, ...permissions!.split(" ")],
          ...[join(root, "cli.ts"), ...args!.split(" ")],
        ], { cwd: path, env: { ...env, DOCKER_PASSWORD: "s3cret" } });
        assertEquals(code, 0, `${line}\n${stderr}`);
        done.push(stdout.split("\n", 1)[0]!);
      }
    } finally {
      await served.close();
    }
    const [first, again, out, login, logout, report, verified] = done;
    assertMatch(first!, /^Saved: {2}\S+_team_app_1\.tar /);
    assertStringIncludes(again!, "_team_app_1.tar");
    assertStringIncludes(out!, "Saved:  out/app.tar");
    assertStringIncludes(login!, "Logged in to ");
    assertStringIncludes(logout!, "Removed the login for ");
    assertMatch(report!, /^docker-pull .* on Deno/);
    assertStringIncludes(verified!, "archive out/app.tar");
  }));

test("what Deno is not allowed is named, with what allows it", {
  skip: !("Deno" in globalThis) && "Bun and Node have no permissions",
}, () =>
  withFolder(async ({ path }) => {
    const config = join(root, npm ? "deno.npm.json" : "deno.json");
    const registry = new FakeRegistry();
    registry.add("team/app", await buildImage(), "1");
    const served = await registry.serve();
    const image = `${served.host}/team/app:1`;
    const deno = (...args: string[]) =>
      runProgram([
        ...[process.execPath, "run", "--no-prompt", "--no-lock"],
        ...["-c", config, ...args],
      ], { cwd: path });
    const cli = join(root, "cli.ts");
    await writeFile(join(path, "a.tar"), "");
    const net = `--allow-net=${served.host}`;
    try {
      const cases: [string[], number, string][] = [
        [["--allow-read=.", "--allow-write=.", cli, image], 8, "--allow-net"],
        [[net, "--allow-read=.", cli, image], 10, "--allow-write"],
        [
          [net, "--allow-write=.", cli, "-o", "a.tar", image],
          10,
          "--allow-read",
        ],
        [[net, cli, "doctor", image], 10, "--allow-read"],
        // With no permission at all, Deno would pass on the tests' own.
        [["--allow-env=A", cli, "verify", "a.tar"], 10, "--allow-read"],
      ];
      for (const [args, expected, flag] of cases) {
        const { code, stdout, stderr } = await deno(...args);
        assertEquals(code, expected, stderr);
        assertStringIncludes(stdout + stderr, flag);
        assert(!stderr.includes("Uncaught"), stderr);
      }
    } finally {
      await served.close();
    }
  }));
