/** `--json` of every command: one object, what docs/events.md says of it. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ALL_LINES } from "../../../cli/commands/all_lines.ts";
import { main } from "../../../cli/main.ts";
import { test } from "../../harness.ts";
import { run as runBare } from "../main_fixture.ts";
import { Sink } from "../progress/screen.ts";
import { BOTH, inSetWorld, NONE, ONE, TWO, type World } from "./set_world.ts";

const page = readFileSync(
  new URL("../../../docs/events.md", import.meta.url),
  "utf8",
);

/** The fields of each command's object, and whether they may be left out. */
const documented = new Map(
  page.split(/<!-- \/?fields -->/)[1]!.split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1) as [string, string])
    .flatMap(([commands, fields]) =>
      [...commands.matchAll(/`([^`]+)`/g)].map(([, command = ""]) =>
        [
          command,
          [...fields.matchAll(/`([A-Za-z]+)(\?)?`/g)].map(([, name, open]) => ({
            name: name!,
            isOpen: open === "?",
          })),
        ] as const
      )
    ),
);

function hold(command: string, stdout: string, code: number): void {
  const document = JSON.parse(stdout);
  assertEquals([document.version, document.exitCode], [1, code], command);
  const fields = documented.get(command);
  assert(fields, `${command} is not in docs/events.md`);
  const names = Object.keys(document)
    .filter((name) => name !== "version" && name !== "exitCode");
  const known = fields.map(({ name }) => name);
  assertEquals(names.filter((name) => !known.includes(name)), [], command);
  const needed = fields.filter(({ isOpen }) => !isOpen)
    .map(({ name }) => name);
  assertEquals(needed.filter((name) => !names.includes(name)), [], command);
}

/** What is run of each, and the exit code that comes of it. */
type Case = (world: World) => Promise<{ argv: string[]; code?: number }[]>;

const at = (folder: string) => ["--cache-dir", join(folder, "cache")];

const CASES: Record<string, Case> = {
  "docker-pull": ({ folder }) =>
    Promise.resolve([
      { argv: [...at(folder), "-o", join(folder, "one.tar"), ONE] },
      { argv: [...at(folder), "-o", join(folder, "all.tar"), ONE, TWO] },
      { argv: [...at(folder), "-o", `${folder}/d/`, ONE, NONE], code: 5 },
    ]),
  copy: ({ folder }) =>
    Promise.resolve([{
      argv: ["copy", ...at(folder), ONE, `oci:${join(folder, "layout")}`],
    }]),
  inspect: () => Promise.resolve([{ argv: ["inspect", BOTH] }]),
  tags: () =>
    Promise.resolve([
      { argv: ["tags", "registry.test/team/one"] },
      { argv: ["tags", "--newest", "1", "registry.test/team/one"] },
    ]),
  plan: ({ folder }) =>
    Promise.resolve([
      { argv: ["plan", ...at(folder), ONE, TWO] },
      { argv: ["plan", ...at(folder), ONE, NONE], code: 5 },
      { argv: ["plan", "--max-bytes", "1", "--no-cache", ONE], code: 12 },
    ]),
  "--dry-run": ({ folder }) =>
    Promise.resolve([{ argv: ["--dry-run", ...at(folder), BOTH] }]),
  doctor: ({ folder }) =>
    Promise.resolve([{ argv: ["doctor", ...at(folder), ONE] }]),
  verify: ({ folder }) =>
    Promise.resolve([
      { argv: ["verify", join(folder, "one.tar")] },
      { argv: ["verify", join(folder, "cache")] },
    ]),
  async login({ folder }) {
    const file = join(folder, "auth.json");
    await writeFile(file, "{}");
    return [{
      argv: [
        ...["login", "--username", "me", "--password", "s3cret"],
        ...["--authfile", file, "registry.test"],
      ],
    }];
  },
  logout: ({ folder }) =>
    Promise.resolve([{
      argv: [
        "logout",
        "--authfile",
        join(folder, "auth.json"),
        "registry.test",
      ],
    }]),
  config: () => Promise.resolve([{ argv: ["config"] }]),
  diff: () => Promise.resolve([{ argv: ["diff", ONE, TWO] }]),
  "cache ls": ({ folder }) =>
    Promise.resolve([{ argv: ["cache", "ls", ...at(folder)] }]),
  "cache du": ({ folder }) =>
    Promise.resolve([{ argv: ["cache", "du", ...at(folder)] }]),
  "cache import": ({ folder }) =>
    Promise.resolve([
      { argv: ["cache", "import", ...at(folder), join(folder, "one.tar")] },
      {
        argv: ["cache", "import", ...at(folder), join(folder, "none.tar")],
        code: 10,
      },
    ]),
  "cache verify": ({ folder }) =>
    Promise.resolve([{ argv: ["cache", "verify", ...at(folder)] }]),
  "cache rm": ({ folder }) =>
    Promise.resolve([
      { argv: ["cache", "rm", ...at(folder), ONE] },
      { argv: ["cache", "rm", ...at(folder), ONE], code: 5 },
    ]),
  "cache prune": ({ folder }) =>
    Promise.resolve([{ argv: ["cache", "prune", ...at(folder), "--unused"] }]),
};

test("docker-pull --json prints of every command what docs/events.md says", () =>
  inSetWorld(async (world) => {
    await mkdir(join(world.folder, "d"));
    for (const [command, cases] of Object.entries(CASES)) {
      for (const { argv, code = 0 } of await cases(world)) {
        const found = await world.bare(...argv, "--json");
        assertEquals(found.code, code, `${argv}: ${found.stderr}`);
        hold(command, found.stdout, code);
      }
    }
  }));

test("docker-pull serve --json prints one line when it listens", () =>
  inSetWorld(async ({ folder, run }) => {
    const file = join(folder, "one.tar");
    await run("-q", "-o", file, ONE);
    const [stdout, stderr] = [new Sink(), new Sink()];
    let end = () => {};
    const print = stdout.write.bind(stdout);
    stdout.write = (...written) => {
      const done = print(...written);
      end();
      return done;
    };
    await main({
      argv: ["serve", "--json", "--listen", "0", file],
      stdout,
      stderr,
      signals: {
        on: (name, listener) => {
          if (name === "SIGINT") end = listener;
        },
        off() {},
        raise() {},
        exit() {},
      },
    });
    const [line = "", ...others] = stdout.text.trimEnd().split("\n");
    assertEquals(Object.keys(JSON.parse(line)), ["version", "url", "names"]);
    assertEquals(others.length <= 1, true, stdout.text);
  }));

test("a time in --json is a time", () =>
  inSetWorld(async ({ folder, run, bare }) => {
    await run("-q", "-o", join(folder, "one.tar"), ONE);
    const { stdout } = await bare("cache", "ls", "--json", ...at(folder));
    const { images, blobs } = JSON.parse(stdout);
    for (const { lastUsed } of [...images, ...blobs]) {
      assertMatch(lastUsed, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
  }));

test("what of a set fails has its code in --json, whatever the command", () =>
  inSetWorld(async ({ folder, bare, registry }) => {
    const set = [ONE, NONE, "--json", "--retries", "0"];
    for (
      const command of [
        [...at(folder), "-o", `${folder}/`],
        ["plan", ...at(folder)],
        ["lock"],
      ]
    ) {
      const { code, stdout, stderr } = await bare(...command, ...set);
      assertEquals(code, 5, stderr);
      const { failures: [failure], exitCode } = JSON.parse(stdout);
      assertEquals(exitCode, 5);
      assertEquals(failure.reference, NONE);
      assertEquals(failure.error.name, "RegistryError");
    }
    const none = join(folder, "none.tar");
    const { stdout } = await bare("cache", "import", none, "--json");
    const { failures: [failure] } = JSON.parse(stdout);
    assertEquals([failure.path, failure.error.code], [none, "ENOENT"]);
    registry.fault = ({ path }) =>
      /blobs/.test(path) ? { status: 404 } : undefined;
    const tags = await bare(
      ...["tags", "--newest", "1", "--json", "--retries", "0"],
      "registry.test/team/one",
    );
    assertEquals(tags.code, JSON.parse(tags.stdout).exitCode);
  }));

test("what makes no sense is told as JSON where that is asked for", async () => {
  for (const [words, { options }] of Object.entries(ALL_LINES)) {
    const command = words.split(" ").filter(Boolean);
    const names = options.map(({ name }) => name);
    // One that stands twice is read twice in the help.
    assertEquals(names.length, new Set(names).size, words);
    if (!names.includes("json")) continue;
    assert(documented.has(words || "docker-pull"), `${words} in events.md`);
    const { code, stdout } = await runBare([...command, "--json", "--bogus"]);
    const { error, exitCode, version } = JSON.parse(stdout);
    assertEquals([code, exitCode, version], [2, 2, 1], words);
    assertEquals(error.name, "UsageError");
    if (!names.includes("progress")) continue;
    const events = await runBare([...command, "--progress", "json", "--bogus"]);
    const last = JSON.parse(events.stderr.trimEnd().split("\n").at(-1)!);
    assertEquals([last.type, last.exitCode], ["error", 2], words);
  }
  const after = await runBare(["--", "--json"]);
  assertEquals([after.code, after.stdout], [2, ""]);
});

test("every command but those that print text has --json", () => {
  const without = Object.entries(ALL_LINES)
    .filter(([, { options }]) => !options.some(({ name }) => name === "json"))
    .map(([words]) => words);
  assertEquals(without, ["completion", "man"]);
});
