/** `docker-pull cache ls`, `du`, `prune`, `verify` and `rm`. */

import { listCache } from "../../lib/cache/list.ts";
import { pruneCache } from "../../lib/cache/prune.ts";
import { removeFromCache } from "../../lib/cache/remove.ts";
import { verifyCache } from "../../lib/cache/verify.ts";
import type { Io } from "../io.ts";
import {
  blobLines,
  imageLines,
  missingLines,
  pruneLines,
  removeLines,
  sizeLines,
  verifyLines,
} from "../messages/cache_report.ts";
import { EXIT } from "../messages/exit_codes.ts";
import { showReading } from "../progress/reading.ts";
import { createStyle } from "../progress/style.ts";
import { abortOnSignals } from "../signals.ts";
import type {
  CacheCommandOptions,
  ListCommandOptions,
  PruneCommandOptions,
  RemoveCommandOptions,
  VerifyCacheCommandOptions,
} from "./cache_options.ts";
import type { Run } from "./command.ts";

/** Lists images, or blobs. */
export const runList: Run<ListCommandOptions> = async (
  { cacheDir, layers, json },
  io,
  context,
) => {
  context.cacheDir = cacheDir;
  const contents = await stoppable(
    io,
    (signal) => listCache({ cacheDir, signal }),
  );
  if (json) return { document: contents };
  const now = Date.now();
  return {
    lines: layers ? blobLines(contents, now) : imageLines(contents, now),
  };
};

/** Sums up. */
export const runUsage: Run<CacheCommandOptions> = async (
  { cacheDir, json },
  io,
  context,
) => {
  context.cacheDir = cacheDir;
  const contents = await stoppable(
    io,
    (signal) => listCache({ cacheDir, signal }),
  );
  const { images, blobs: _, ...sums } = contents;
  return json
    ? { document: { ...sums, images: images.length } }
    : { lines: sizeLines(contents) };
};

/** Prunes as the options say. */
export const runPrune: Run<PruneCommandOptions> = async (
  { json, ...options },
  io,
  context,
) => {
  context.cacheDir = options.cacheDir;
  const result = await stoppable(
    io,
    (signal) => pruneCache({ ...options, signal }),
  );
  if (json) return { document: { ...result, dryRun: options.dryRun } };
  const style = createStyle(io.stdout, io.env);
  return { lines: pruneLines(result, options, style) };
};

/** Removes what is named. */
export const runRemove: Run<RemoveCommandOptions> = async (
  { cacheDir, names, dryRun, json },
  io,
  context,
) => {
  context.cacheDir = cacheDir;
  const result = await stoppable(
    io,
    (signal) => removeFromCache(names, { cacheDir, dryRun, signal }),
  );
  const code = result.missing.length > 0 ? EXIT.notFound : EXIT.ok;
  const { known: _, ...told } = result;
  if (json) return { document: { ...told, dryRun }, code };
  for (const line of missingLines(result, cacheDir)) {
    io.stderr.write(`${line}\n`);
  }
  const isNothing = result.removed.length + result.inUse.length === 0;
  const style = createStyle(io.stdout, io.env);
  return { lines: isNothing ? [] : removeLines(result, dryRun, style), code };
};

/** Verifies all of it. */
export const runVerifyCache: Run<VerifyCacheCommandOptions> = async (
  { cacheDir, repair, json },
  io,
  context,
) => {
  context.cacheDir = cacheDir;
  const report = await showReading(
    "Verifying",
    io,
    (signal, onProgress) =>
      verifyCache({ cacheDir, repair, signal, onProgress }),
  );
  // What is removed is fetched by the next pull: all is well again.
  const bad = report.damaged.some(({ removed }) => !removed);
  const code = bad ? EXIT.mismatch : EXIT.ok;
  return json ? { document: report, code } : {
    lines: verifyLines(report, repair, createStyle(io.stdout, io.env)),
    code,
  };
};

async function stoppable<T>(
  { signals }: Io,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, stop } = abortOnSignals(signals, {});
  try {
    return await work(signal);
  } finally {
    stop();
  }
}
