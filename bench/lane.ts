/** A row with what it needs to run, and one run of it. */

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Cost, costOf, measure, runQuietly } from "./measure.ts";
import type { PushedImage } from "./push.ts";
import type { Job, Point, Row } from "./rows.ts";
import type { Server } from "./servers.ts";
import type { Provided, Stage, TargetServer } from "./stage.ts";

/** One run of one row. */
export interface Sample extends Cost {
  /** Bytes that the server or the proxy sent. */
  bytes: number;
  /** Requests that it answered. */
  requests: number;
  /** Connections that were made, where it can tell. */
  connections?: number;
  /** Bytes that the server pushed to has got. */
  received?: number;
}

/** What came of a row. */
export interface RowResult {
  /** The row's name. */
  name: string;
  /** Its runs. */
  samples: Sample[];
  /** Why there are none, or not all. */
  failure?: string;
  /** Why it was not even tried. */
  skipped?: string;
  /** Whether the archive was verified. */
  verified?: boolean;
  /** Where it stands in a plot. */
  point?: Point;
}

/** A row, ready to run. */
export interface Lane {
  /** The row. */
  row: Row;
  /** What its commands are made of. */
  job: Job;
  /** What it pulls, pushes or serves. */
  image?: PushedImage;
  /** Where it pulls from. */
  server?: Server;
  /** Where it pushes to. */
  target?: TargetServer;
  /** What came of it until now. */
  result: RowResult;
}

/** Gets a row what it needs; what cannot be had is its failure. */
export async function makeLane(
  row: Row,
  place: Pick<Job, "folder" | "shared">,
  stage: Stage,
  { main, behind }: { main?: Provided; behind?: Server },
): Promise<Lane> {
  const { name, missing: skipped, point } = row;
  const lane: Lane = {
    row,
    job: {
      ...place,
      host: "",
      repository: "",
      repositories: [],
      blobs: [],
      target: "",
      daemon: "",
    },
    result: {
      name,
      samples: [],
      ...skipped && { skipped },
      ...point && { point },
    },
  };
  if (skipped) {
    stage.log(`  ${name}: not run: ${skipped}`);
    return lane;
  }
  try {
    const provided = row.zeros ? await stage.provide(row.zeros) : main;
    const server = row.secure
      ? await stage.secure(row.secure)
      : row.served && provided
      ? await stage.served(row.served, provided)
      : behind || provided?.server;
    const target = row.target && await stage.target(row.target);
    const daemon = row.daemon ? await stage.daemon() : "";
    return {
      ...lane,
      job: {
        ...place,
        host: server?.host ?? "",
        repository: provided?.image.repository ?? "",
        repositories: provided?.repositories ?? [],
        blobs: provided?.image.blobs ?? [],
        target: target?.host ?? "",
        daemon,
      },
      image: provided?.image,
      server,
      target,
    };
  } catch (error) {
    lane.result.failure = (error as Error).message;
    stage.log(`  ${name}: failed: ${lane.result.failure}`);
    return lane;
  }
}

async function prepare({ row, job, target }: Lane): Promise<void> {
  if (row.target === "empty") await target?.empty();
  for (const command of row.before?.(job) ?? []) {
    await runQuietly(command, job.folder);
  }
  const { keep = [] } = row;
  if (keep === "everything") return;
  await mkdir(job.folder, { recursive: true });
  for (const name of await readdir(job.folder)) {
    if (keep.includes(name)) continue;
    await rm(join(job.folder, name), { recursive: true, force: true });
  }
}

/** Runs it once, from the state that it wants. */
export async function runOnce(lane: Lane, scratch: string): Promise<Sample> {
  const { row, job } = lane;
  await mkdir(job.folder, { recursive: true });
  await prepare(lane);
  const counted = lane.target ?? lane.server;
  const before = await counted?.counts();
  const pid = row.ofServer ? lane.server?.pid : undefined;
  const earlier = pid && costOf(pid);
  const cost = await measure(row.commands(job), { cwd: job.folder, scratch });
  if (pid && earlier) {
    const { cpu, memory } = costOf(pid);
    Object.assign(cost, { cpu: cpu - earlier.cpu, memory });
  }
  const after = await counted?.counts();
  return {
    ...cost,
    bytes: after ? after.bytes - before!.bytes : 0,
    requests: after ? after.requests - before!.requests : 0,
    ...after?.connections !== undefined && {
      connections: after.connections - before!.connections!,
    },
    // What a pull asks with is of no interest.
    ...lane.target && after?.received !== undefined && {
      received: after.received - before!.received!,
    },
  };
}

/** Removes what a run has left. */
export async function cleanUp({ row, job }: Lane): Promise<void> {
  for (const command of row.cleanUp?.(job) ?? []) {
    await runQuietly(command, job.folder).catch(() => {});
  }
  if (!row.keep) await rm(job.folder, { recursive: true, force: true });
}
