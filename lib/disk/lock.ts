/**
 * Locks between processes by a file beside what they guard: made by whoever
 * comes first, kept fresh while it is held, and taken over when it has not
 * been touched for a while because its holder died.
 */

import { open, readFile, rm, stat, utimes } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { storageError, systemCode } from "./io.ts";

/** How a lock is waited for. */
export interface LockOptions {
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** Called once when another process holds the lock. */
  onWait?: () => void;
  /**
   * Milliseconds without a sign of life after which a lock is taken over.
   *
   * @default {6000}
   */
  stale?: number;
}

/** A lock that is held. */
export interface Lock {
  /** Gives it back. */
  release(): Promise<void>;
}

const POLL = 100;

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
  const { signal, onWait, stale = 6_000 } = options;
  const token = crypto.randomUUID();
  let seen: string | undefined;
  let since = performance.now();
  let told = false;
  while (true) {
    signal?.throwIfAborted();
    if (await create(path, token)) return hold(path, token, stale);
    if (!told) onWait?.();
    told = true;
    // Only our own clock counts: the file's time is compared with itself.
    const sign = await signOfLife(path);
    if (sign !== seen || sign === undefined) {
      seen = sign;
      since = performance.now();
    } else if (performance.now() - since > stale) {
      await breakLock(path, sign, token);
      since = performance.now();
    }
    await delay(POLL, undefined, { ...(signal && { signal }) }).catch(() => {});
  }
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx");
    try {
      await handle.writeFile(token);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    // Windows says EPERM or EACCES while a removed file is still open.
    const code = systemCode(error);
    if (code === "EEXIST") return false;
    if (
      (code === "EPERM" || code === "EACCES") &&
      await signOfLife(path) !== undefined
    ) return false;
    throw storageError("write", path, error);
  }
}

async function signOfLife(path: string): Promise<string | undefined> {
  try {
    const status = await stat(path);
    return `${status.ino}:${status.mtimeMs}:${await readFile(path, "utf8")}`;
  } catch {
    return undefined;
  }
}

/** Removes a dead lock; a second file sees to it that only one does so. */
async function breakLock(
  path: string,
  sign: string,
  token: string,
): Promise<void> {
  const breaker = `${path}.break`;
  if (!await create(breaker, token)) {
    const status = await stat(breaker).catch(() => undefined);
    if (status && Date.now() - status.mtimeMs > 60_000) {
      await rm(breaker, { force: true });
    }
    return;
  }
  try {
    if (await signOfLife(path) === sign) await rm(path, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
}

function hold(path: string, token: string, stale: number): Lock {
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, stale / 4);
  (timer as { unref?: () => void }).unref?.();
  return {
    async release() {
      clearInterval(timer);
      // Another may have taken it over while this process was suspended.
      const holder = await readFile(path, "utf8").catch(() => undefined);
      if (holder === token) await rm(path, { force: true }).catch(() => {});
    },
  };
}
