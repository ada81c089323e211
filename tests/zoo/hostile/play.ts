/** Plays a row of the table: as a pull to a file, as a stream, in a set. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { networkSentence } from "../../../cli/messages/network_errors.ts";
import { NetworkError } from "../../../lib/image/errors.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { runCommand } from "../command.ts";
import type { Row } from "./row.ts";
import { HOST, REFERENCE, World } from "./world.ts";

/** What a terminal would obey, or hide. */
const STEERING =
  // deno-lint-ignore no-control-regex
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

function wordsOf(error: Error): string {
  return error instanceof NetworkError ? networkSentence(error) : error.message;
}

/** How a row is played. */
export type Way = "file" | "stream" | "set";

/** What was asked for and taken. */
export interface Played {
  /** The error's name, or that it was pulled. */
  name: string;
  /** How many requests were sent. */
  requests: number;
  /** How many bytes of bodies were taken. */
  bytes: number;
  /** What came as a stream. */
  stream: Uint8Array;
}

/** What a set has beside the row's own: most of it is the same. */
const OTHER = `${HOST}/team/app:2.0`;
const other = await buildImage({
  layers: [{ size: 90_000 }, { size: 70_000 }, { seed: "other", size: 9000 }],
  seed: "zoo",
});

/** Plays a row; throws where it ends otherwise than it must. */
export async function playRow(row: Row, way: Way): Promise<Played> {
  const { answers = {}, prepare, ends, says, check, options } = row;
  const { requests = 12, bytes = 6_000_000 } = row;
  const world = new World(answers);
  prepare?.(world);
  const { zoo } = world;
  const folder = mkdtempSync(join(tmpdir(), "docker-pull-hostile-"));
  const { TMPDIR } = process.env;
  const tmp = join(folder, "tmp");
  mkdirSync(tmp);
  const output = join(
    folder,
    way === "set" ? "out/r.example_team_app_1.0_amd64.tar" : "image.tar",
  );
  try {
    if (way === "set") zoo.add(other, "2.0");
    const argv = ["--verbose", "--no-mirrors", "--platform=linux/amd64"];
    if (way === "stream") {
      // What waits for its turn lies there.
      process.env.TMPDIR = tmp;
      argv.push("--no-cache", "--output=-", REFERENCE);
    } else {
      argv.push(`--cache-dir=${join(folder, "cache")}`);
      if (way === "file") argv.push(`--output=${output}`, REFERENCE);
      else argv.push(`--output=${join(folder, "out")}/`, REFERENCE, OTHER);
    }
    const ran = await runCommand(argv, {
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
    const isPulled = ends === "pulled";
    const name = ran.error instanceof Error ? ran.error.name : "pulled";
    assertEquals(name, ends, written);
    if (says) assertMatch(wordsOf(ran.error as Error), says);
    assertEquals(ran.code === 0, isPulled, written);
    assertEquals(existsSync(output), isPulled && way !== "stream");
    assertEquals(hasEnd(ran.bytes), isPulled && way === "stream");
    assertEquals(readdirSync(tmp), []);
    assertEquals([...world.open], [], "a body is neither read nor given up");
    zoo.registry.assertNoOpenBodies();
    zoo.secrets.assertConfined(zoo.sent);
    zoo.secrets.assertClean("what was written", written);
    zoo.secrets.assertClean("the error", ran.error);
    zoo.secrets.assertCleanFolder(folder);
    assert(!STEERING.test(written), JSON.stringify(written));
    assert(written.length < 50_000, `${written.length} characters`);
    // The other one of a set has its own, and meets with the same.
    const [more, most] = way === "set" ? [12, 2 * bytes + 400_000] : [0, bytes];
    assert(zoo.sent.length <= requests + more, `${zoo.sent.length} requests`);
    assert(world.taken <= most, `${world.taken} bytes were taken`);
    if (way === "file") check?.(world, written);
    const { length: sent } = zoo.sent;
    return { name, requests: sent, bytes: world.taken, stream: ran.bytes };
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether they have the end of an archive. */
function hasEnd(bytes: Uint8Array): boolean {
  return bytes.length > 1024 && bytes.length % 512 === 0 &&
    bytes.slice(-1024).every((byte) => byte === 0);
}
