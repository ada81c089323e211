/** Turns what `node:fs` throws into a typed error that names the path. */

import { StorageError } from "../errors.ts";

/** The system's code of an error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/** A {@linkcode StorageError} made from what a call of `node:fs` threw. */
export function storageError(
  operation: string,
  path: string,
  cause: unknown,
): StorageError {
  if (cause instanceof StorageError) return cause;
  const code = systemCode(cause) ??
    (cause instanceof Error ? cause.message : String(cause));
  return new StorageError(operation, path, code, { cause });
}

/** Awaits a call of `node:fs`; what it throws names the path. */
export async function onDisk<T>(
  operation: string,
  path: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw storageError(operation, path, error);
  }
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
