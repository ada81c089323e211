/** What programs read: events as lines, and results as one object. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../../cli/main.ts";
import {
  eventDocument,
  eventLine,
} from "../../../cli/progress/json_progress.ts";
import { NetworkError } from "../../../lib/image/errors.ts";
import type { PullEvent } from "../../../lib/image/events.ts";
import { startFakeDaemon } from "../../daemon/fake_daemon.ts";
import { test } from "../../harness.ts";
import { schemaFaults } from "../../json_schema.ts";
import {
  BOTH,
  images,
  inSetWorld,
  NONE,
  ONE,
  TWO,
} from "../commands/set_world.ts";
import { blob, planned } from "./fixture.ts";
import { Sink } from "./screen.ts";

const schema = JSON.parse(
  readFileSync(
    new URL("../../../docs/events.schema.json", import.meta.url),
    "utf8",
  ),
);

const descriptor = blob("a1", 5);
const EVENTS: { [Type in PullEvent["type"]]: PullEvent & { type: Type } } = {
  "resolved": { type: "resolved", reference: "1", descriptor },
  "planned": planned([descriptor]) as PullEvent & { type: "planned" },
  "blob-start": {
    type: "blob-start",
    descriptor,
    source: "registry",
    resumed: 0,
  },
  "blob-progress": { type: "blob-progress", descriptor, received: 3 },
  "blob-done": { type: "blob-done", descriptor, source: "cache" },
  "blob-wait": { type: "blob-wait", descriptor },
  "upload-start": { type: "upload-start", descriptor, resumed: 1 },
  "upload-progress": { type: "upload-progress", descriptor, sent: 2 },
  "upload-done": { type: "upload-done", descriptor, how: "mounted" },
  "pushed": { type: "pushed", reference: "r.test/a:1", descriptor },
  "retry": {
    type: "retry",
    url: "https://r.test/v2/",
    host: "r.test",
    code: "dns",
    error: new NetworkError("https://r.test/", "refused", "refused"),
    attempt: 1,
    of: 5,
    delay: 12.5,
  },
  "warning": { type: "warning", warning: { code: "zstd-layer" } },
  "written": { type: "written", path: "a.tar", size: 7 },
};

test("every event is as the schema says, and every type of it is known there", () => {
  for (const event of Object.values(EVENTS)) {
    const told = eventDocument({ ...event, images: ["r.test/a:1"] });
    assertEquals(schemaFaults(schema, JSON.parse(eventLine(told))), []);
  }
  const types = schema.oneOf.map((
    { properties }: { properties: { type: { const: string } } },
  ) => properties.type.const);
  assertEquals(
    [...types].sort(),
    [...Object.keys(EVENTS), "asking", "error", "message"].sort(),
  );
  const line = eventLine({ type: "asking", registry: "r" }, { now: () => 0 });
  assertEquals(
    line,
    '{"version":1,"time":"1970-01-01T00:00:00.000Z","type":"asking",' +
      '"registry":"r"}\n',
  );
  assert(schemaFaults(schema, { version: 1, type: "asking" }).length > 0);
  assert(schemaFaults(schema, { ...JSON.parse(line), more: 1 }).length > 0);
});

function lines(stderr: string): Record<string, unknown>[] {
  const all = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const line of all) assertEquals(schemaFaults(schema, line), []);
  return all;
}

test("docker-pull --progress json tells a whole pull as the schema says", () =>
  inSetWorld(async ({ folder, run }) => {
    const out = join(folder, "one.tar");
    const first = await run("--progress", "json", "--json", "-o", out, ONE);
    const told = lines(first.stderr);
    const types = new Set(told.map(({ type }) => type));
    for (
      const type of ["asking", "resolved", "planned", "blob-done", "written"]
    ) assert(types.has(type), `${type} of ${[...types]}`);
    const { results: [result], exitCode } = JSON.parse(first.stdout);
    assertEquals([first.code, exitCode, result?.path], [0, 0, out]);
    assertEquals(result.reference, ONE);
    const again = await run("--progress", "json", "--json", "-o", out, ONE);
    assertEquals(JSON.parse(again.stdout).results[0].upToDate, true);
    lines(again.stderr);
  }));

test("docker-pull --progress json tells a failure as its last line, and --json as an object", () =>
  inSetWorld(async ({ folder, run }) => {
    const { code, stdout, stderr } = await run(
      ...["--progress", "json", "--json", NONE],
    );
    const last = lines(stderr).at(-1)!;
    assertEquals([last.type, last.name, last.exitCode], [
      "error",
      "RegistryError",
      5,
    ]);
    const { error, exitCode } = JSON.parse(stdout);
    assertEquals([code, exitCode, error.name], [5, 5, "RegistryError"]);
    assertEquals(error.message, last.message);
    const out = join(folder, "out/");
    const set = await run("--json", "--progress", "json", "-o", out, ONE, NONE);
    const document = JSON.parse(set.stdout);
    assertEquals([set.code, document.exitCode], [5, 5]);
    assertEquals(document.results.length, 1);
    assertEquals(document.failures[0].reference, NONE);
    lines(set.stderr);
    const usage = await run("--json", "--quiet", ONE);
    assertEquals(usage.code, 2);
    assertEquals(JSON.parse(usage.stdout).error.name, "UsageError");
  }));

test("docker-pull --progress json tells whole runs of every kind as the schema says", () =>
  inSetWorld(async ({ folder, run, bare }) => {
    const json = ["--progress", "json", "--json"];
    const all = join(folder, "all.tar");
    const place = `oci:${join(folder, "layout")}`;
    const id = images[0]!.config.descriptor.digest;
    const daemon = await startFakeDaemon(folder, {
      onLoad() {
        daemon.images = { [ONE]: { id, diffIds: images[0]!.diffIds } };
      },
    });
    const cache = ["--cache-dir", join(folder, "cache")];
    try {
      for (
        const [argv, types] of [
          [[...cache, "-o", all, ONE, BOTH], ["planned", "written"]],
          [[...cache, "-o", `${folder}/`, "--from", "-"], [
            "message",
            "written",
          ]],
          [["copy", all, place], ["planned", "written"]],
          [["copy", ONE, "registry.test/copied/one:1"], ["pushed"]],
          [["push", all, "registry.test/mirror/"], ["upload-done", "pushed"]],
          [["--load-to", daemon.url, ...cache, "--force", ONE], ["planned"]],
        ] as const
      ) {
        const { code, stdout, stderr } = await bare(...argv, ...json);
        assertEquals(code, 0, stdout);
        const told = new Set(lines(stderr).map(({ type }) => type));
        for (const type of types) {
          assert(told.has(type), `${type} of ${argv}: ${[...told]}`);
        }
        assertEquals(JSON.parse(stdout).exitCode, 0);
      }
      const lost = await run(...json, "--retries", "1", "--force", NONE);
      assertEquals(lines(lost.stderr).at(-1)!.type, "error");
    } finally {
      await daemon.close();
    }
  }, `${TWO}\n`));

test("docker-pull --progress chooses how a pull is shown", () =>
  inSetWorld(async ({ folder, run }) => {
    const out = (name: string) => ["-o", join(folder, name)];
    const quiet = await run("--progress", "quiet", ...out("a.tar"), ONE);
    assertEquals([quiet.code, quiet.stderr], [0, ""]);
    assertMatch(quiet.stdout, /^Saved: /);
    const plain = await run("--progress", "plain", ...out("b.tar"), TWO);
    assertMatch(plain.stderr, /^Pulling .*\n.*linux\/amd64, 2 layers/);
    const tty = await run("--progress", "tty", ...out("c.tar"), BOTH);
    // deno-lint-ignore no-control-regex
    assertMatch(tty.stderr, /\x1b\[/);
    const wrong = await run("--progress", "loud", ONE);
    assertEquals(wrong.code, 2);
    assertMatch(wrong.stderr, /auto, tty, plain, json or quiet, not "loud"/);
    const both = await run("--json", "-o", "-", ONE);
    assertEquals(both.code, 2);
  }));

test("docker-pull copy --json tells what is there now", () =>
  inSetWorld(async ({ folder, run }) => {
    const file = join(folder, "one.tar");
    await run("-q", "-o", file, ONE);
    const layout = join(folder, "layout");
    const { stdout } = await runCopy(["copy", "--json", file, `oci:${layout}`]);
    const { results } = JSON.parse(stdout);
    assertEquals(results[0].reference, ONE);
    assertEquals(results[0].path, layout);
  }));

/** The world puts its options first, where here is the command. */
async function runCopy(argv: string[]): Promise<{ stdout: string }> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const code = await main({ argv, stdout, stderr });
  assertEquals(code, 0, stderr.text);
  return { stdout: stdout.text };
}
