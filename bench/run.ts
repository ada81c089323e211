/** Runs a case: its rows in alternation, each from its own state. */

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "./cases.ts";
import { type Cost, measure, runQuietly } from "./measure.ts";
import type { PushedImage } from "./push.ts";
import type { Job, Row, Zeros } from "./rows.ts";
import { type Server, startProxy } from "./servers.ts";
import { verifyArchive } from "./verify.ts";

/** One run of one row. */
export interface Sample extends Cost {
  /** Bytes that the server or the proxy sent. */
  bytes: number;
  /** Requests that it answered. */
  requests: number;
  /** Connections that were made, where it can tell. */
  connections?: number;
}

/** What came of a row. */
export interface RowResult {
  /** The row's name. */
  name: string;
  /** Its runs. */
  samples: Sample[];
  /** Why there are none, or not all. */
  failure?: string;
  /** Whether the archive was verified. */
  verified?: boolean;
}

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

/** What cases run against. */
export interface Stage {
  /** A folder of the benchmark's own. */
  folder: string;
  /** Runs of each row. */
  runs: number;
  /** The server of an image, and the image, put there if need be. */
  provide(
    image: NonNullable<Case["image"]>,
  ): Promise<{ server: Server; image: PushedImage }>;
  /** A server of the same images over TLS and behind tokens. */
  secure(): Promise<Server>;
  /** A docker-pull of this command that serves an image, out of an archive. */
  served(
    command: string[],
    from: { server: Server; image: PushedImage },
  ): Promise<Server>;
  /** Whether skopeo loads an archive with these blobs. */
  load(archive: string, image: PushedImage): Promise<boolean | string>;
  /** Told of each step. */
  log(message: string): void;
}

/** A row, ready to run. */
interface Lane {
  row: Row;
  job: Job;
  image?: PushedImage;
  server?: Server;
  result: RowResult;
}

async function prepare(lane: Lane): Promise<void> {
  const { keep } = lane.row;
  if (keep === "everything") return;
  const { folder } = lane.job;
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (keep === "cache" && name === "cache") continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function runOnce(lane: Lane, scratch: string): Promise<Sample> {
  const { row, job, server } = lane;
  await prepare(lane);
  const before = await server?.counts();
  const cost = await measure(row.commands(job), { cwd: job.folder, scratch });
  const after = await server?.counts();
  return {
    ...cost,
    bytes: after ? after.bytes - before!.bytes : 0,
    requests: after ? after.requests - before!.requests : 0,
    ...after?.connections !== undefined && {
      connections: after.connections - before!.connections!,
    },
  };
}

async function cleanUp(lane: Lane): Promise<void> {
  const { row, job } = lane;
  for (const command of row.cleanUp?.(job) ?? []) {
    await runQuietly(command, job.folder).catch(() => {});
  }
  if (!row.keep) await rm(job.folder, { recursive: true, force: true });
}

/** Reads the blobs once, so that no row pays for a cold disk. */
async function warmUp({ job, image }: Lane): Promise<void> {
  for (const { digest } of image?.blobs ?? []) {
    const response = await fetch(
      `http://${job.host}/v2/${job.repository}/blobs/${digest}`,
    );
    await response.body?.pipeTo(new WritableStream());
  }
}

async function runLanes(
  benchCase: Case,
  lanes: Lane[],
  stage: Stage,
): Promise<CaseResult["loads"]> {
  const { repeat = 1, maxRuns = Infinity } = benchCase;
  const runs = Math.min(stage.runs * repeat, maxRuns);
  const scratch = join(stage.folder, "time.txt");
  let loads: CaseResult["loads"];
  for (const lane of lanes) {
    if (!lane.row.keep) continue;
    await mkdir(lane.job.folder, { recursive: true });
    const [command = []] = lane.row.commands(lane.job);
    await runQuietly(command, lane.job.folder)
      .catch((error) => lane.result.failure = error.message);
  }
  for (let run = 1; run <= runs; run++) {
    for (const lane of lanes) {
      const { row, job, image, result } = lane;
      if (result.failure) continue;
      try {
        const sample = await runOnce(lane, scratch);
        result.samples.push(sample);
        stage.log(
          `  ${row.name}: ${sample.wall.toFixed(2)} s (${run}/${runs})`,
        );
        if (run === runs && row.archive && image) {
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

/** Runs a case. */
export async function runCase(
  benchCase: Case,
  stage: Stage,
): Promise<CaseResult> {
  const { id, line, rows } = benchCase;
  stage.log(benchCase.title);
  const main = benchCase.image && await stage.provide(benchCase.image);
  const proxy = line && main && await startProxy(main.server.host, line);
  const folder = join(stage.folder, id);
  try {
    const lanes: Lane[] = [];
    for (const [index, row] of rows.entries()) {
      const provided = row.zeros ? await stage.provide(row.zeros) : main;
      const server = row.secure
        ? await stage.secure()
        : row.served && provided
        ? await stage.served(row.served, provided)
        : proxy || provided?.server;
      lanes.push({
        row,
        job: {
          host: server?.host ?? "",
          repository: provided?.image.repository ?? "",
          blobs: provided?.image.blobs ?? [],
          folder: join(folder, String(index)),
        },
        image: provided?.image,
        server,
        result: { name: row.name, samples: [] },
      });
    }
    const [first] = lanes;
    if (first && main && !proxy && !isZeros(benchCase.image!)) {
      await warmUp(first);
    }
    const loads = await runLanes(benchCase, lanes, stage);
    return {
      id,
      size: main?.image.size ?? 0,
      rows: lanes.map(({ result }) => result),
      ...loads !== undefined && { loads },
    };
  } finally {
    await proxy?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether an image is one of the registry of zeros. */
export function isZeros(image: NonNullable<Case["image"]>): image is Zeros {
  return "size" in image;
}
