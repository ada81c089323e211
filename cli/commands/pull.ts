/** The pull itself: from the options to the report. */

import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { archiveName } from "../../lib/archive/name.ts";
import { ifThere } from "../../lib/disk/io.ts";
import { followOutput } from "../../lib/disk/output_path.ts";
import { StorageError } from "../../lib/image/errors.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import { pull as pullImage } from "../../lib/copy/pull.ts";
import { formatReference, type Reference } from "../../lib/image/reference.ts";
import type { Platform } from "../../lib/image/types.ts";
import { openAccess, readWantedImage } from "../access/image_access.ts";
import { isMissing, nearestTags, partHint } from "../access/missing_tag.ts";
import { createProgress } from "../progress/progress.ts";
import { reportLines } from "../messages/report.ts";
import { abortOnSignals } from "../signals.ts";
import { ReaderGone, standardOutput } from "../standard_output.ts";
import { EXIT } from "../messages/exit_codes.ts";
import { createStyle, showBy } from "../progress/style.ts";
import type { Run } from "./command.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/** Pulls an image as the options say. */
export const runPull: Run<PullCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { pull = pullImage } = services;
  const { env, stderr } = io;
  const { quiet, verbose, cacheDir, format } = options;
  context.cacheDir = cacheDir;
  const style = createStyle(stderr, env);
  const progress = createProgress({
    output: stderr,
    style,
    env,
    quiet,
    verbose,
  });

  const wanted = readWantedImage(options, env, context);
  const { reference, platform } = wanted;
  const streamed = options.output === "-";
  const output = streamed
    ? standardOutput(io.stdout)
    : await outputPath(options, reference, platform);
  const { network, mirrors, connect } = await openAccess(
    wanted,
    options,
    io,
    context,
    showBy(style, (line) => progress.line(line)),
    services,
  );

  if (!quiet) progress.line(`Pulling ${formatReference(reference)}`);

  const { signal, stop } = abortOnSignals(io.signals, {
    beforeExit: () => progress.stop(),
    beforeStop: stderr.isTTY ? () => progress.clear() : undefined,
  });
  const shared = connect(signal);
  try {
    progress.ask(reference.registry);
    const pulling: PullOptions = {
      ...shared,
      platform,
      cacheDir,
      concurrency: options.concurrency,
      signal,
      onEvent: (event) => progress.onEvent(event),
      retries: options.retries,
      timeout: options.timeout,
      maxWait: options.maxWait,
      minSpeed: options.minSpeed,
      force: options.force,
      trustCache: options.trustCache,
      mirrors,
      trustMirrors: options.trustMirrors,
    };
    if (options.load) {
      const { runLoad } = await import("./load.ts");
      return await runLoad(reference, pulling, options, io, services);
    }
    const result = await pull(reference, {
      ...pulling,
      output,
      format,
      layers: options.layers,
    });
    if (quiet) return { lines: streamed ? [] : [result.path] };
    const lines = reportLines(result, {
      cache: cacheDir !== false,
      format,
      style: streamed ? style : createStyle(io.stdout, env),
      os: io.os,
    });
    if (!streamed) return { lines };
    progress.stop();
    for (const line of lines) progress.line(line);
    return {};
  } catch (error) {
    if (error instanceof ReaderGone) return { code: EXIT.brokenPipe };
    if (isMissing(error, "digest")) {
      Object.assign(context, await partHint(reference, shared, signal));
    }
    if (isMissing(error, "tag")) {
      Object.assign(context, await nearestTags(reference, shared, signal));
    }
    throw error;
  } finally {
    progress.stop();
    stop();
    network.close();
  }
};

/**
 * A folder as output means the usual name in that folder, which is made where
 * the text ends with a slash. Else it must be there: a pull into a mistyped
 * place is found too late.
 */
async function outputPath(
  { output, format }: PullCommandOptions,
  reference: Reference,
  platform: Platform | undefined,
): Promise<string | undefined> {
  if (output === undefined) return undefined;
  const isFolder = async (path: string) => {
    const found = await ifThere("write", path, () => stat(path));
    return found?.isDirectory() ?? false;
  };
  if (format === "oci") {
    // The folder is the layout itself.
  } else if (/[/\\]$/.test(output) || await isFolder(output)) {
    return join(output, archiveName(reference, platform));
  }
  // A link to where nothing is yet leads into a folder, too.
  const folder = dirname(
    format === "oci" ? output : await followOutput(output),
  );
  if (!await isFolder(folder)) {
    throw new StorageError("write to", folder, "ENOENT");
  }
  return output;
}
