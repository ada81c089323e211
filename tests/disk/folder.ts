/** A folder of a test's own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs a test in a new folder, which is removed after it. */
export async function inFolder<T>(
  body: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "docker-pull-"));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
