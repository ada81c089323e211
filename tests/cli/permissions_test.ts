/** What each use of the command needs of Deno's permissions. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { withFolder } from "../credentials/fixture.ts";
import { run as runProgram } from "../fixtures/command.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const npm = import.meta.resolve("@std/assert").startsWith("file:");
const config = join(root, npm ? "deno.npm.json" : "deno.json");
const cli = join(root, "cli.ts");
const skip = !("Deno" in globalThis) && "Bun and Node have no permissions";

/** A registry with one image, and a folder to run Deno in. */
interface World {
  path: string;
  /** The registry's `HOST:PORT`. */
  host: string;
  /** Runs Deno with these permissions and arguments. */
  deno(
    args: string[],
    env?: Record<string, string>,
  ): ReturnType<typeof runProgram>;
}

function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  return withFolder(async ({ path }) => {
    const registry = new FakeRegistry();
    registry.add("team/app", await buildImage(), "1");
    const served = await registry.serve();
    try {
      await body({
        path,
        host: served.host,
        deno: (args, env) =>
          runProgram([
            ...[process.execPath, "run", "--no-prompt", "--no-lock"],
            ...["-c", config, ...args],
          ], { cwd: path, ...(env && { env }) }),
      });
    } finally {
      await served.close();
    }
  });
}

/** The lines of docs/permissions.md that say what each use needs. */
async function documentedLines(): Promise<string[]> {
  const page = await readFile(join(root, "docs/permissions.md"), "utf8");
  const part = page.split(/<!-- \/?permissions -->/)[1]!;
  return part.split("\n").filter((line) => line.startsWith("deno run "));
}

test(
  "each use needs the documented permissions only",
  { skip },
  () =>
    inWorld(async ({ path, host, deno }) => {
      await mkdir(join(path, "out"));
      await mkdir(join(path, "config"));
      const env = {
        DOCKER_CONFIG: "config",
        DOCKER_USERNAME: "me",
        DOCKER_PASSWORD: "s3cret",
      };
      const done: string[] = [];
      for (const line of await documentedLines()) {
        const [permissions, args] = line.replaceAll("HOST", host)
          .slice("deno run ".length).split(" jsr:@x/docker-pull ");
        const { code, stdout, stderr } = await deno(
          [...permissions!.split(" "), cli, ...args!.split(" ")],
          env,
        );
        assertEquals(code, 0, `${line}\n${stderr}`);
        done.push(stdout.split("\n", 1)[0]!);
      }
      const [first, again, out, login, logout, report, verified] = done;
      assertMatch(first!, /^Saved: {2}\S+_team_app_1\.tar /);
      assertStringIncludes(again!, "_team_app_1.tar");
      assertStringIncludes(out!, "Saved:  out/app.tar");
      assertStringIncludes(login!, "Logged in to ");
      assertStringIncludes(logout!, "Removed the login for ");
      assertMatch(report!, /^docker-pull .* on Deno/);
      assertStringIncludes(verified!, "archive out/app.tar");
    }),
);

test(
  "what Deno is not allowed is named, with what allows it",
  { skip },
  () =>
    inWorld(async ({ path, host, deno }) => {
      const image = `${host}/team/app:1`;
      const net = `--allow-net=${host}`;
      await writeFile(join(path, "a.tar"), "");
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
        const { code, stdout, stderr } = await deno(args);
        assertEquals(code, expected, stderr);
        assertStringIncludes(stdout + stderr, flag);
        assert(!stderr.includes("Uncaught"), stderr);
      }
    }),
);

test(
  "threads need no permission of their own",
  { skip },
  () =>
    inWorld(async ({ path, host, deno }) => {
      const mod = pathToFileURL(join(root, "mod.ts"));
      const options = { output: "a.tar", cacheDir: "cache", threads: true };
      await writeFile(
        join(path, "pull.ts"),
        `import { pull } from "${mod}";
        const options = ${JSON.stringify(options)};
        console.log((await pull("${host}/team/app:1", options)).path);`,
      );
      const allowed = [
        `--allow-net=${host}`,
        "--allow-read=.",
        "--allow-write=.",
      ];
      const { code, stdout, stderr } = await deno([...allowed, "pull.ts"]);
      assertEquals([code, stdout.trim()], [0, "a.tar"], stderr);
    }),
);
