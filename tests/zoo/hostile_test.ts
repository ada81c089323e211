/**
 * What hostile and broken servers do, one test for each: it ends in the
 * documented error, with nothing secret sent or printed, and in bounds.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { networkSentence } from "../../cli/messages/network_errors.ts";
import { NetworkError } from "../../lib/image/errors.ts";
import { test } from "../harness.ts";
import { runCommand } from "./command.ts";
import { blobs } from "./hostile/blobs.ts";
import { documents } from "./hostile/documents.ts";
import { fields } from "./hostile/fields.ts";
import { logins } from "./hostile/logins.ts";
import { redirects } from "./hostile/redirects.ts";
import type { Row } from "./hostile/row.ts";
import { words } from "./hostile/words.ts";
import { HOST, REFERENCE, World } from "./hostile/world.ts";

const ROWS: Row[] = [
  ...logins,
  ...redirects,
  ...documents,
  ...fields,
  ...blobs,
  ...words,
];
const table: string[] = [];

/** What a terminal would obey, or hide. */
const STEERING =
  // deno-lint-ignore no-control-regex
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

function wordsOf(error: Error): string {
  return error instanceof NetworkError ? networkSentence(error) : error.message;
}

async function play(row: Row): Promise<void> {
  const { answers = {}, prepare, ends, says, check, options } = row;
  const { requests = 12, bytes = 6_000_000 } = row;
  const world = new World(answers);
  prepare?.(world);
  const { zoo } = world;
  const folder = mkdtempSync(join(tmpdir(), "docker-pull-hostile-"));
  const output = join(folder, "image.tar");
  try {
    const argv = ["--verbose", "--no-mirrors", "--platform=linux/amd64"];
    argv.push(`--cache-dir=${join(folder, "cache")}`, `--output=${output}`);
    const ran = await runCommand([...argv, REFERENCE], {
      fetch: zoo.fetch,
      registry: HOST,
      login: zoo.login("right"),
      pullOptions: {
        concurrency: 1,
        // The names of this machine's network are none of the test's.
        lookup: () => Promise.resolve(["192.0.2.1"]),
        sleep: (milliseconds) => {
          zoo.time += milliseconds;
          return Promise.resolve();
        },
        ...options,
      },
    });
    const written = ran.stdout + ran.stderr;
    const name = ran.error instanceof Error ? ran.error.name : "pulled";
    assertEquals(name, ends, written);
    if (says) assertMatch(wordsOf(ran.error as Error), says);
    assertEquals(ran.code === 0, ends === "pulled", written);
    assertEquals(existsSync(output), ends === "pulled");
    assertEquals([...world.open], [], "a body is neither read nor given up");
    zoo.registry.assertNoOpenBodies();
    zoo.secrets.assertConfined(zoo.sent);
    zoo.secrets.assertClean("what was written", written);
    zoo.secrets.assertClean("the error", ran.error);
    zoo.secrets.assertCleanFolder(folder);
    assert(!STEERING.test(written), JSON.stringify(written));
    assert(written.length < 50_000, `${written.length} characters`);
    assert(zoo.sent.length <= requests, `${zoo.sent.length} requests`);
    assert(world.taken <= bytes, `${world.taken} bytes were taken`);
    check?.(world, written);
    table.push(
      [
        row.what.padEnd(68),
        name.padEnd(25),
        `${zoo.sent.length}`.padStart(8),
        `${Math.ceil(world.taken / 1024)}`.padStart(8),
      ].join("  "),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const row of ROWS) test(`hostile: ${row.what}`, () => play(row));

test("hostile: the table", () => {
  assertEquals(table.length, ROWS.length);
  const bad = ROWS.filter(({ ends }) => ends !== "pulled").length;
  assert(bad >= 40);
  const head = [
    "what is done wrong".padEnd(68),
    "ends in".padEnd(25),
    "requests",
    "KiB read",
  ].join("  ");
  console.log([head, ...table].join("\n"));
});
