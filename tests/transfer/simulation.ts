/** Transfers in simulated time, from a place that has its ways. */
import {
  transferBlobs,
  type TransferOptions,
} from "../../lib/transfer/transfer.ts";
import { from, task, type TestBlob, type TestTask } from "./blobs.ts";
import { Clock } from "./clock.ts";
import { type Answer, type BlobRequest, FakeFetcher } from "./fake_fetcher.ts";

/** What became of a simulated transfer. */
export interface Simulated {
  /** The place. */
  fetcher: FakeFetcher;
  /** The blobs' tasks. */
  tasks: TestTask[];
  /** What was tried again, and why. */
  retries: string[];
  /** The time that it took, in milliseconds. */
  time: number;
  /** What it was ended by, if so. */
  error: unknown;
}

/** Transfers blobs; all timers are part of the simulation. */
export async function simulate(
  blobs: TestBlob[],
  hook: (request: BlobRequest, clock: Clock, fetcher: FakeFetcher) => Answer,
  options: TransferOptions = {},
): Promise<Simulated> {
  const clock = new Clock();
  const fetcher: FakeFetcher = new FakeFetcher(
    blobs,
    (request) => hook(request, clock, fetcher),
  );
  const tasks = blobs.map((blob) => task(blob, { copies: 0 }));
  const retries: string[] = [];
  let error: unknown;
  await clock.runTimed(() =>
    transferBlobs(from(tasks, fetcher), {
      minSegment: 256 * 1024,
      onEvent: (event) => {
        if (event.type === "retry") retries.push(event.error.message);
      },
      ...options,
    }).catch((reason) => void (error = reason))
  );
  return { fetcher, tasks, retries, time: clock.now, error };
}
