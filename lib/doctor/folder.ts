/** The folders that a pull writes to. */

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { freeSpace } from "../archive/archive_file.ts";
import { storageError, systemCode } from "../disk/io.ts";
import { StorageError } from "../image/errors.ts";
import type { Findings } from "./report.ts";

/** Says whether a folder can be written, and how much room there is. */
export async function examineFolder(
  step: "cache" | "output",
  path: string,
  needed: number,
  findings: Findings,
): Promise<void> {
  await findings.attempt(step, async () => {
    const { folder, exists } = await nearest(path);
    if (mayAsk()) {
      try {
        await access(folder, constants.W_OK | constants.X_OK);
      } catch (cause) {
        const code = systemCode(cause) ?? "EACCES";
        throw new StorageError("write to", path, code, { cause });
      }
    }
    const free = await freeSpace(folder);
    const details = {
      path,
      exists,
      writable: true as const,
      free: free ?? null,
    };
    if (free !== undefined && free < needed) {
      findings.problem(
        step,
        new StorageError("write to", path, "ENOSPC", {
          needed,
          free,
        }),
        {
          ...details,
          needed,
        },
      );
      return;
    }
    const code = step === "cache" ? "cache-folder" : "archive-folder";
    findings.ok(step, { code, details });
  });
}

/**
 * Whether the system may be asked what this user may do: Deno's `access()`
 * wants to know the user, and ends the process where it may not.
 */
function mayAsk(): boolean {
  try {
    process.getuid?.();
    return true;
  } catch {
    return false;
  }
}

/** The folder, or the one above it that is there. */
async function nearest(
  path: string,
): Promise<{ folder: string; exists: boolean }> {
  for (let folder = path, exists = true;; exists = false) {
    try {
      if ((await stat(folder)).isDirectory()) return { folder, exists };
      throw new StorageError("write to", folder, "ENOTDIR");
    } catch (error) {
      const code = systemCode(error);
      if (error instanceof StorageError) throw error;
      if (code !== "ENOENT") {
        throw storageError("read", folder, error);
      }
    }
    const above = dirname(resolve(folder));
    if (above === resolve(folder)) {
      throw new StorageError("write to", path, "ENOENT");
    }
    folder = above;
  }
}
