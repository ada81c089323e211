/** A pull into Docker or Podman, in place of a file. */

import {
  load as loadImage,
  loadImages as loadAll,
  type LoadOptions,
} from "../../lib/copy/load.ts";
import type { PullRequest } from "../../lib/copy/pull_options.ts";
import type { PullFailure, PullResult } from "../../lib/copy/pull_result.ts";
import type { Reference } from "../../lib/image/reference.ts";
import { findDaemon } from "../access/daemon.ts";
import type { Io, Services } from "../io.ts";
import { loadedName, loadReportLines } from "../messages/load_report.ts";
import { createStyle } from "../progress/style.ts";
import type { Outcome } from "./command.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/**
 * Loads an image as the options say.
 *
 * @param pulling How it is pulled.
 */
export async function runLoad(
  reference: Reference,
  pulling: LoadOptions,
  { loadTo, quiet, json, cacheDir }: PullCommandOptions,
  io: Io,
  { load = loadImage }: Services,
): Promise<Outcome> {
  const daemon = await findDaemon(loadTo, io);
  const result = await load(reference, { ...pulling, daemon });
  if (json) {
    const { pullDocument } = await import("../messages/pull_document.ts");
    return { document: pullDocument([result]) };
  }
  if (quiet) return { lines: [loadedName(result)] };
  const style = createStyle(io.stdout, io.env);
  const cache = cacheDir !== false;
  return { lines: loadReportLines(result, { cache, style }) };
}

/** Loads a set as the options say; what failed is left to be told. */
export async function runLoadSet(
  images: readonly PullRequest[],
  pulling: LoadOptions,
  { loadTo, quiet, cacheDir }: PullCommandOptions,
  io: Io,
  { loadImages = loadAll }: Services,
): Promise<{
  lines: string[];
  results: readonly PullResult[];
  failures: PullFailure[];
}> {
  const daemon = await findDaemon(loadTo, io);
  const { results, failures } = await loadImages(images, {
    ...pulling,
    daemon,
  });
  const style = createStyle(io.stdout, io.env);
  const cache = cacheDir !== false;
  const lines = results.flatMap((result) =>
    quiet ? [loadedName(result)] : loadReportLines(result, { cache, style })
  );
  return { lines, results, failures };
}
