/** Runs a case: its rows in alternation, each from its own state. */

import { mkdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "./cases.ts";
import {
  cleanUp,
  type Lane,
  makeLane,
  type RowResult,
  runOnce,
} from "./lane.ts";
import { runQuietly } from "./measure.ts";
import type { PushedImage } from "./push.ts";
import type { Row } from "./rows.ts";
import type { Server } from "./servers.ts";
import { isZeros, type Stage } from "./stage.ts";
import { verifyArchive } from "./verify.ts";

/** What came of a case. */
export interface CaseResult {
  /** The case's id. */
  id: string;
  /** The bytes of the image's blobs together. */
  size: number;
  /** Its rows. */
  rows: RowResult[];
  /** Whether skopeo loads the archive; undefined where that was not tried. */
  loads?: boolean | string;
}

/** What a disk is to have left in any case. */
const RESERVE = 5e9;

/** Reads the blobs once, so that no row pays for a cold disk. */
async function warmUp(server: Server, image: PushedImage): Promise<void> {
  for (const { digest } of image.blobs) {
    const response = await fetch(
      `http://${server.host}/v2/${image.repository}/blobs/${digest}`,
    );
    await response.body?.pipeTo(new WritableStream());
  }
}

/** Why there is no room for what a row writes, if so. */
async function noRoom(room: number, folder: string) {
  const { bavail, bsize } = await statfs(folder);
  return room + RESERVE > bavail * bsize
    ? `the disk has no room for ${(room / 1e9).toFixed(0)} GB`
    : undefined;
}

async function setUp(lanes: Lane[], benchCase: Case): Promise<void> {
  const [{ job } = {}] = lanes.filter(({ result }) =>
    !result.skipped && !result.failure
  );
  if (!job) return;
  for (const command of benchCase.setUp?.(job) ?? []) {
    await mkdir(job.shared, { recursive: true });
    await runQuietly(command, job.shared);
  }
  for (const { row, job, result } of lanes) {
    if (!row.keep || result.skipped || result.failure) continue;
    await mkdir(job.folder, { recursive: true });
    try {
      for (const command of row.setUp?.(job) ?? row.commands(job)) {
        await runQuietly(command, job.folder);
      }
    } catch (error) {
      result.failure = (error as Error).message;
    }
  }
}

async function runLanes(
  benchCase: Case,
  lanes: Lane[],
  stage: Stage,
): Promise<CaseResult["loads"]> {
  const { repeat = 1, maxRuns = Infinity } = benchCase;
  const most = (row: Row) =>
    Math.min(stage.runs * repeat, maxRuns, row.maxRuns ?? Infinity);
  const rounds = Math.max(...lanes.map(({ row }) => most(row)));
  const scratch = join(stage.folder, "time.txt");
  let loads: CaseResult["loads"];
  await setUp(lanes, benchCase);
  for (let run = 1; run <= rounds; run++) {
    // There and back again: what changes slowly meets all alike.
    for (const lane of run % 2 ? lanes : lanes.toReversed()) {
      const { row, job, image, result } = lane;
      if (result.failure || result.skipped || run > most(row)) continue;
      result.skipped = row.room && await noRoom(row.room, stage.folder) ||
        undefined;
      if (result.skipped) continue;
      try {
        const sample = await runOnce(lane, scratch);
        result.samples.push(sample);
        stage.log(
          `  ${row.name}: ${sample.wall.toFixed(2)} s (${run}/${most(row)})`,
        );
        if (run === most(row) && row.archive && image) {
          const archive = join(job.folder, row.archive);
          await verifyArchive(archive, image.blobs);
          result.verified = true;
          if (benchCase.load) loads = await stage.load(archive, image);
        }
      } catch (error) {
        result.failure = (error as Error).message;
        stage.log(`  ${row.name}: failed: ${result.failure}`);
      }
      await cleanUp(lane);
    }
  }
  return loads;
}

/** Runs a case; where its image or its line cannot be had, no row of it. */
export async function runCase(
  benchCase: Case,
  stage: Stage,
): Promise<CaseResult> {
  const { id, rows } = benchCase;
  stage.log(benchCase.title);
  try {
    return await runRows(benchCase, stage);
  } catch (error) {
    const failure = (error as Error).message;
    stage.log(`  failed: ${failure}`);
    const failed = rows.map(({ name }) => ({ name, samples: [], failure }));
    return { id, size: 0, rows: failed };
  }
}

async function runRows(benchCase: Case, stage: Stage): Promise<CaseResult> {
  const { id, line, rows } = benchCase;
  const main = benchCase.image && await stage.provide(benchCase.image);
  const folder = join(stage.folder, id);
  if (main && !isZeros(benchCase.image!)) await warmUp(main.server, main.image);
  const behind = line && main && await stage.behind(line, main.server);
  try {
    const lanes: Lane[] = [];
    for (const [index, row] of rows.entries()) {
      const place = {
        folder: join(folder, String(index)),
        shared: join(folder, "shared"),
      };
      lanes.push(await makeLane(row, place, stage, { main, behind }));
    }
    const loads = await runLanes(benchCase, lanes, stage);
    return {
      id,
      size: main?.image.size ?? 0,
      rows: lanes.map(({ result }) => result),
      ...loads !== undefined && { loads },
    };
  } finally {
    await behind?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
