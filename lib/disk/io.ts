/** Turns what `node:fs` throws into a typed error that names the path. */

import { type FileHandle, lstat, unlink } from "node:fs/promises";
import { constants } from "node:os";
import { DockerPullError, StorageError } from "../image/errors.ts";

/** The system's code of an error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const { code, errno, message } = (error ?? {}) as Record<string, unknown>;
  // Node's own name for what `rm` finds in place of a file.
  if (code === "ERR_FS_EISDIR") return "EISDIR";
  if (typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code)) return code;
  // The runtimes have no name for some, such as a quota that is used up: Node
  // and Bun give its negated number, Deno puts that into the message.
  const told = /\(os error (\d+)\)|^Unknown system error -(\d+)/
    .exec(`${message}`);
  const number = told ? Number(told[1] ?? told[2]) : -Number(errno ?? NaN);
  return Object.entries(constants.errno)
    .find(([, value]) => value === number)?.[0] ??
    (typeof code === "string" ? code : undefined);
}

/** A {@linkcode StorageError} made from what a call of `node:fs` threw. */
export function storageError(
  operation: string,
  path: string,
  cause: unknown,
): StorageError {
  if (cause instanceof StorageError) return cause;
  const code = systemCode(cause);
  if (code) return new StorageError(operation, path, code, { cause });
  // Deno's own refusal has a name and no code.
  const denied = (cause as Error | undefined)?.name === "NotCapable";
  const words = cause instanceof Error ? cause.message : String(cause);
  return new StorageError(
    operation,
    path,
    denied ? "not-permitted" : "unknown",
    {
      words,
      cause,
    },
  );
}

/** Awaits a call of `node:fs`; what that throws names the path. */
export async function onDisk<T>(
  operation: string,
  path: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DockerPullError) throw error;
    throw storageError(operation, path, error);
  }
}

/** Reads bytes at a position of a file; returns how many there were. */
export async function readAt(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
  subject: string,
): Promise<number> {
  try {
    const { length } = bytes;
    return (await handle.read(bytes, 0, length, position)).bytesRead;
  } catch (error) {
    throw storageError("read", subject, error);
  }
}

/**
 * Removes a file, or whatever else has its name but a folder; a missing one is
 * no error. Deno's `unlink` would take an empty folder, and Node's `rm` does
 * not tell what the system says.
 *
 * @throws {StorageError}
 */
export async function removeFile(path: string): Promise<void> {
  await ifThere("remove", path, async () => {
    if ((await lstat(path)).isDirectory()) {
      throw new StorageError("remove", path, "EISDIR");
    }
    await unlink(path);
  });
}

/** Awaits a call of `node:fs`; a missing file gives `undefined`. */
export async function ifThere<T>(
  operation: string,
  path: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw storageError(operation, path, error);
  }
}
