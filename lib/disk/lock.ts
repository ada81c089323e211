/**
 * Locks between processes by a file beside what they guard: made by whoever
 * comes first, kept fresh while it is held, and taken over when its holder has
 * ended: at once where that can be told, else when the file has not been
 * touched for a while.
 */

import { writeFileSync } from "node:fs";
import { lstat, rm, utimes } from "node:fs/promises";
import { sleep } from "../image/abort.ts";
import { StorageError } from "../image/errors.ts";
import { removeFile, storageError, systemCode } from "./io.ts";
import { openIfPlain } from "./plain_file.ts";
import { hasEnded, processMark } from "./process_mark.ts";

/** How a lock is waited for. */
export interface LockOptions {
  /** Ends the waiting. */
  signal?: AbortSignal;
  /**
   * What an error names.
   *
   * @default {undefined} The lock's file itself.
   */
  subject?: string;
  /** Called once when another process holds the lock. */
  onWait?: () => void;
  /**
   * Milliseconds without a sign of life after which a lock is taken over.
   *
   * @default {6000}
   */
  stale?: number;
  /** Makes the lock's file, which must not be there yet; for tests. */
  create?: (path: string, token: string) => void;
}

/** A lock that is held. */
export interface Lock {
  /** Gives it back. */
  release(): Promise<void>;
}

/** The code of a StorageError where a lock was lost to another process. */
export const TAKEN_OVER = "another process has taken over";

/** Whether a file could not get its name because of that. */
export function wasTakenOver(error: unknown): boolean {
  return error instanceof StorageError &&
    (error.code === TAKEN_OVER || error.code === "ENOENT");
}

const POLL_MS = 100;
/** How often a file is asked for that the system is still removing. */
const MOST_REFUSALS = 5;
/** Breaking a lock takes no longer, in milliseconds. */
const BREAKING_MS = 1_000;
/** A lock of ours has a few words. */
const MAX_LOCK_BYTES = 4096;

/**
 * Waits until the lock is ours.
 *
 * @param path The lock's file.
 * @throws {StorageError} If the file cannot be made.
 */
export async function acquireLock(
  path: string,
  options: LockOptions = {},
): Promise<Lock> {
  const { signal, onWait } = options;
  const attempt = await makeAttempt(path, options);
  let told = false;
  while (true) {
    signal?.throwIfAborted();
    const lock = await attempt();
    if (lock) return lock;
    if (!told) onWait?.();
    told = true;
    await sleep(POLL_MS, signal).catch(() => {});
  }
}

/**
 * Takes the lock where nobody holds it.
 *
 * @param path The lock's file.
 * @returns The lock; nothing where another process has it.
 * @throws {StorageError} If the file cannot be made.
 */
export async function tryLock(
  path: string,
  options: Omit<LockOptions, "onWait" | "signal"> = {},
): Promise<Lock | undefined> {
  return await (await makeAttempt(path, options))();
}

/** The file of whoever is breaking a lock; it may outlive one that is killed. */
export function breakerOf(path: string): string {
  return `${path}.break`;
}

/** Gives what tries to take the lock, and to break it when it is dead. */
async function makeAttempt(
  path: string,
  options: LockOptions,
): Promise<() => Promise<Lock | undefined>> {
  const { stale = 6_000, subject = path } = options;
  const create = (path: string, token: string) =>
    tryCreate(path, token, subject, options.create ?? createFile);
  const mark = await processMark();
  const token = [crypto.randomUUID(), ...(mark ? [mark] : [])].join(" ");
  const idle = { lock: stopwatch(), breaker: stopwatch() };

  /** Removes a dead lock; a second file sees to it that only one does so. */
  async function breakLock(sign: Sign): Promise<boolean> {
    const breaker = breakerOf(path);
    if (!await create(breaker, token)) {
      const other = await signOfLife(breaker);
      if (
        other &&
        (idle.breaker(other.text) > BREAKING_MS ||
          await hasEnded(other.mark))
      ) await removeFile(breaker);
      return false;
    }
    try {
      if ((await signOfLife(path))?.text !== sign.text) return false;
      await removeFile(path);
      return true;
    } finally {
      await rm(breaker, { force: true });
    }
  }

  return async () => {
    while (true) {
      if (await create(path, token)) return hold(path, token, stale);
      const sign = await signOfLife(path);
      if (sign === undefined) continue; // it has just been given back
      const dead = sign.foreign || idle.lock(sign.text) > stale ||
        await hasEnded(sign.mark);
      if (!dead || !await breakLock(sign)) return undefined;
    }
  };
}

/**
 * Tells how long a text has been the same, in milliseconds. Only our own clock
 * counts: a file's time is compared with itself.
 */
function stopwatch(): (text: string) => number {
  let seen: string | undefined;
  let since = 0;
  return (text) => {
    if (text !== seen) since = performance.now();
    seen = text;
    return performance.now() - since;
  };
}

function createFile(path: string, token: string): void {
  // In one go, as an empty lock tells nothing of its holder.
  writeFileSync(path, token, { flag: "wx" });
}

async function tryCreate(
  path: string,
  token: string,
  subject: string,
  create: (path: string, token: string) => void,
): Promise<boolean> {
  for (let refusals = 1;; refusals++) {
    try {
      create(path, token);
      return true;
    } catch (error) {
      const code = systemCode(error);
      if (code === "EEXIST") return false;
      if (code === "ENOSPC" || code === "EDQUOT") await removeEmpty(path);
      const refused = code === "EPERM" || code === "EACCES";
      if (!refused || refusals === MOST_REFUSALS) {
        throw storageError("write", subject, error);
      }
      // Windows says so while a removed file is still open somewhere, which
      // then cannot be seen either.
      if (await signOfLife(path) !== undefined) return false;
      await sleep(POLL_MS / 5);
    }
  }
}

/** On a full disk, a lock may have been made and not been written. */
async function removeEmpty(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined);
  if (status?.size === 0) await rm(path, { force: true });
}

interface Sign {
  /** Changes as long as the holder lives. */
  text: string;
  /** The holder's mark, if it has one. */
  mark: string;
  /** Whether it is something else that is in the way. */
  foreign: boolean;
}

async function signOfLife(path: string): Promise<Sign | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (!status) return undefined;
  const text = `${status.ino}:${status.mtimeMs}`;
  // Reading a pipe, for one, would never end.
  if (!status.isFile() || status.size > MAX_LOCK_BYTES) {
    return { text, mark: "", foreign: true };
  }
  const token = await readToken(path).catch(() => "");
  const mark = token.replace(/^\S+ /, "");
  return { text: `${text}:${token}`, mark, foreign: false };
}

/** What a lock says; nothing is said where there is none. */
async function readToken(path: string): Promise<string> {
  const { handle, status } = await openIfPlain(path) ?? {};
  if (!handle) return "";
  try {
    return status!.size > MAX_LOCK_BYTES ? "" : await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

function hold(path: string, token: string, stale: number): Lock {
  // What is no file any more is not ours either.
  const holder = () => readToken(path).catch(() => undefined);
  let beat: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    beat = holder().then(async (holder) => {
      // It is lost to another, if this process was suspended for too long: a
      // sign of life would keep that one's lock when it is dead. One that
      // cannot be read just now is not lost.
      if (holder !== undefined && holder !== token) return clearInterval(timer);
      const now = new Date();
      await utimes(path, now, now).catch(() => {});
    });
  }, stale / 4);
  (timer as { unref?: () => void }).unref?.();
  return {
    async release() {
      clearInterval(timer);
      await beat;
      if (await holder() === token) {
        await rm(path, { force: true }).catch(() => {});
      }
    },
  };
}
