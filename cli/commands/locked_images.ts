/** The images of a lock, all or those that are named. */

import type { Platforms } from "../../lib/copy/pull_options.ts";
import type { Platform } from "../../lib/image/types.ts";
import { isReference, parseReference } from "../../lib/image/reference.ts";
import { readPlatforms as readWanted } from "../../lib/copy/sets/set_requests.ts";
import { lockRequests } from "../../lib/locks/lock.ts";
import { MAX_LOCK_BYTES, readLock } from "../../lib/locks/read_lock.ts";
import { readInput } from "../access/lists.ts";
import type { Io } from "../io.ts";
import type { NamedImages } from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import { readPlatforms, readSet } from "./pull_lists.ts";

/**
 * Reads the lock of the options.
 *
 * @throws {LockError} If it cannot be used, or does not name what is asked for.
 */
export async function lockedImages(
  options: PullCommandOptions & { lock?: string },
  { stdin }: Pick<Io, "stdin">,
): Promise<NamedImages> {
  const { lock: file = "-", images, platforms } = options;
  const named = readSet(options);
  const bytes = await readInput(file, "lock", stdin, MAX_LOCK_BYTES);
  const name = file === "-" ? "standard input" : file;
  const lock = await readLock(bytes, { name });
  const requests = lockRequests(lock, {
    names: named.map((_, i) => images[i]!.replace(/^docker:\/\//, "")),
    platform: platforms.length === 0 ? undefined : readPlatforms(platforms),
  });
  return {
    images: requests.map(({ reference, platforms, locked }) => ({
      reference: isReference(reference) ? reference : parseReference(reference),
      platforms: listed(platforms),
      where: [],
      locked,
    })),
    left: [],
  };
}

function listed(platforms?: Platforms): Platform[] | "all" | undefined {
  const wanted = readWanted(platforms);
  return wanted === undefined || wanted === "all" ? wanted : [...wanted];
}
