/** A folder of a test's own. */
import { assertEquals } from "@std/assert";
import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Runs a test in a new folder, which is removed after it. Files that it has
 * left open there are a failure: no sanitizer sees those of `node:fs`.
 */
export async function inFolder<T>(
  body: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "docker-pull-"));
  try {
    const result = await body(folder);
    assertEquals(await openFiles(folder), [], "files left open");
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The files in a folder that this process has open, where that can be told. */
async function openFiles(folder: string): Promise<string[]> {
  const own = "/proc/self/fd";
  const handles = await readdir(own).catch(() => []);
  const files = await Promise.all(
    handles.map((name) => readlink(join(own, name)).catch(() => "")),
  );
  return files.filter((file) => file.startsWith(folder));
}
