/** Tells of a cache that a pull has made. */

import { resolve } from "node:path";
import { listCache } from "../../lib/cache/list.ts";
import type { Io } from "../io.ts";
import { firstCacheLine } from "../messages/cache_report.ts";
import { createStyle } from "../progress/style.ts";

/** Says where it is, and how large it has become. */
export async function tellOfCache(
  cacheDir: string,
  { stderr, env }: Io,
): Promise<void> {
  // What cannot be told is no reason to fail a pull that has succeeded.
  const contents = await listCache({ cacheDir }).catch(() => undefined);
  if (!contents) return;
  const style = createStyle(stderr, env);
  stderr.write(`${firstCacheLine(resolve(cacheDir), contents.total, style)}\n`);
}
