/** Transfers of a few blobs from a place that has its bad days. */
import { assertEquals } from "@std/assert";
import {
  transferBlobs,
  type TransferOptions,
} from "../../lib/transfer/transfer.ts";
import { assertDone, blob, from, task, type TaskOptions } from "./blobs.ts";
import { FakeFetcher, type Hook } from "./fake_fetcher.ts";

/** 1 MiB. */
export const MIB = 1024 * 1024;
/** One that fits into one request. */
export const small = blob(300_000, 1);
/** One that is split. */
export const large = blob(6 * MIB, 2);
/** Another one. */
export const other = blob(MIB, 3);
/** The three of them. */
export const all = [small, large, other];

/** How a transfer goes. */
export interface Story {
  /** Where the blobs come from. */
  fetcher: FakeFetcher;
  /** The blobs' tasks. */
  tasks: ReturnType<typeof task>[];
  /** Why something was tried again. */
  retries: string[];
  /** How long was waited before it, in milliseconds. */
  waits: number[];
  /** Begins. */
  run: () => Promise<unknown>;
}

/** How a transfer is made, and its tasks. */
export type StoryOptions = TransferOptions & { task?: TaskOptions };

/** Transfers all blobs from a place with faults, which they get over. */
export async function transfer(
  hook: Hook,
  options: StoryOptions = {},
): Promise<Story> {
  const story = prepare(hook, options);
  await story.run();
  for (const [i, task] of story.tasks.entries()) assertDone(task, all[i]!);
  assertEquals(story.fetcher.open, 0);
  return story;
}

/** The same, not yet begun. */
export function prepare(
  hook: Hook,
  { task: how, ...options }: StoryOptions = {},
): Story {
  const fetcher = new FakeFetcher(all, hook);
  const tasks = all.map((blob) => task(blob, how));
  const retries: string[] = [];
  const waits: number[] = [];
  const run = () =>
    transferBlobs(from(tasks, fetcher), {
      minSegment: MIB,
      sleep: (milliseconds) => {
        waits.push(milliseconds);
        return Promise.resolve();
      },
      onEvent: (event) => {
        if (event.type === "retry") retries.push(event.error.message);
      },
      ...options,
    });
  return { fetcher, tasks, retries, waits, run };
}
