/**
 * Runs the five everyday tasks of the README, and its ten lines of library, as
 * they stand, but for the names: those lead to a registry of the tests. What
 * is handed to `docker load` is read and verified as a loader would.
 */

import { assert, assertEquals } from "@std/assert";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { NO_SCRIPTS, withFolder } from "./credentials/fixture.ts";
import { commandLine, run } from "./fixtures/command.ts";
import { buildImage, buildIndex } from "./fixtures/mod.ts";
import { programOf } from "./fixtures/program.ts";
import { test } from "./harness.ts";
import { type Auth, FakeRegistry } from "./registry_server/mod.ts";

const ROOT = new URL("../", import.meta.url);
const readme = await readFile(new URL("README.md", ROOT), "utf8");

/** The blocks of a language between two marks, or in all of a text. */
function blocks(language: string, text: string): string[] {
  return [...text.matchAll(
    new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"),
  )].map(([, block = ""]) => block);
}

const tasks = blocks("sh", readme.split(/<!-- \/?tasks -->/)[1]!);

/** A registry with the images that the README names. */
async function makeRegistry(auth?: Auth): Promise<FakeRegistry> {
  const registry = new FakeRegistry({ uploads: {}, auth });
  for (
    const [name, tag] of [
      ["library/nginx", "1.27"],
      ["library/redis", "7"],
      ["team/app", "1.2"],
      ["owner/app", "1.2"],
    ] as const
  ) {
    const images = ["amd64", "arm64"].map((architecture) =>
      buildImage({
        layers: [{ size: 20_000, seed: "base" }, { size: 9000, seed: name }],
        platform: { os: "linux", architecture },
      })
    );
    registry.add(name, buildIndex(await Promise.all(images)), tag);
  }
  return registry;
}

/** Leads the names of the README to the registry of the tests. */
function named(text: string, host: string): string {
  return text.replaceAll("registry.example", host)
    .replace(/(?<= )(?=(?:nginx|redis):)/g, `${host}/library/`)
    .replaceAll("ghcr.io", host);
}

function quoted(words: string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** Programs by name, as scripts of the shell, before all others. */
async function programs(folder: string): Promise<void> {
  const scripts = {
    "docker-pull": `exec ${quoted(commandLine())} "$@"`,
    // Reads what it is given to its end, as Docker does, and says what it is.
    docker: `[ "$1" = load ] || exit 1
file="\${3:-$0.$$.tar}"
[ "$2" = -i ] || cat > "$file"
docker-pull verify "$file" >&2 && echo "loaded" >> "$LOADED"`,
    ssh: `[ "$1" = server ] || exit 255
shift
exec "$@"`,
  };
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(folder, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }
}

/** What each task loads, and what it leaves to be looked at. */
const EXPECTED: readonly {
  loads: number;
  auth?: Auth;
  check?: (registry: FakeRegistry) => void;
}[] = [
  { loads: 1, auth: { kind: "basic", users: { me: "s3cret" } } },
  { loads: 0 },
  {
    loads: 1,
    check(registry) {
      const { tags } = registry.repository("mirror/library/redis");
      assertEquals([...tags.keys()], ["7"]);
    },
  },
  { loads: 1 },
  { loads: 2 },
];

test("the README has five tasks", () => {
  assertEquals(tasks.length, EXPECTED.length);
});

for (const [i, { loads, auth, check }] of EXPECTED.entries()) {
  test(
    `task ${i + 1} of the README does what it says`,
    { skip: NO_SCRIPTS },
    () =>
      withFolder(async ({ path }) => {
        const registry = await makeRegistry(auth);
        const served = await registry.serve();
        const [cwd, bin] = [join(path, "work"), join(path, "bin")];
        const loaded = join(path, "loaded");
        try {
          await Promise.all([mkdir(cwd), mkdir(bin), writeFile(loaded, "")]);
          await programs(bin);
          await writeFile(
            join(cwd, "compose.yaml"),
            named(
              "services:\n  web:\n    image: nginx:1.27\n  store:\n    image: redis:7\n",
              served.host,
            ),
          );
          const result = await run(
            ["sh", "-eu", "-c", named(tasks[i]!, served.host)],
            {
              cwd,
              env: {
                PATH: `${bin}${delimiter}${process.env.PATH}`,
                LOADED: loaded,
                TOKEN: "s3cret",
              },
            },
          );
          assertEquals(result.code, 0, result.stderr);
          const lines = (await readFile(loaded, "utf8")).split("\n");
          assertEquals(lines.length - 1, loads, result.stderr);
          check?.(registry);
        } finally {
          await served.close();
        }
      }),
  );
}

test("the library of the README, in ten lines, pulls an image", () =>
  withFolder(async ({ path }) => {
    const [program = ""] = blocks("ts ignore", readme);
    assert(program.trim().split("\n").length <= 10);
    const registry = await makeRegistry();
    const served = await registry.serve();
    const cwd = join(path, "work");
    try {
      await mkdir(cwd);
      const file = join(cwd, "program.mjs");
      const library = pathToFileURL(new URL("mod.ts", ROOT).pathname).href;
      await writeFile(
        file,
        named(program, served.host).replace("jsr:@x/docker-pull", library),
      );
      const started = performance.now();
      const result = await run([...programOf(), file], { cwd });
      assertEquals(result.code, 0, result.stderr);
      // A signal that has its time must not keep the program from its end.
      assert(performance.now() - started < 300_000);
      const last = result.stdout.trimEnd().split("\n").at(-1)!;
      const [, archive = ""] =
        /^docker load -i (\S+_arm64\.tar) gives sha256:[0-9a-f]{64}$/
          .exec(last) ?? [];
      assert((await readFile(join(cwd, archive))).length > 20_000, last);
    } finally {
      await served.close();
    }
  }));
