/** The pull itself: from the options to the report. */

import { join } from "node:path";
import { archiveName } from "../../lib/archive/name.ts";
import { endingOf } from "../../lib/copy/forms.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import { pull as pullImage } from "../../lib/copy/pull.ts";
import { exists } from "../../lib/disk/leftovers.ts";
import { formatReference, type Reference } from "../../lib/image/reference.ts";
import type { Platform } from "../../lib/image/types.ts";
import { openAccess, readWantedImage } from "../access/image_access.ts";
import { isMissing, nearestTags, partHint } from "../access/missing_tag.ts";
import { createProgress, isSilent } from "../progress/progress.ts";
import { reportLines } from "../messages/report.ts";
import { abortOnSignals } from "../signals.ts";
import { ReaderGone, standardOutput } from "../standard_output.ts";
import { EXIT } from "../messages/exit_codes.ts";
import { createStyle, showBy } from "../progress/style.ts";
import type { Run } from "./command.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import {
  acceptOf,
  checkedOutput,
  formOf,
  isOutputFolder,
  transferOptions,
} from "./pull_settings.ts";

/** Pulls as the options say, and tells of the cache that it has made. */
export const runPull: Run<PullCommandOptions> = async (
  options,
  io,
  ...rest
) => {
  const { cacheDir, dryRun } = options;
  const marker = cacheDir === false ? undefined : join(cacheDir, "oci-layout");
  const isNew = marker !== undefined && !dryRun && !isSilent(options) &&
    options.progress !== "json" &&
    !await exists(marker);
  const outcome = await runAny(options, io, ...rest);
  if (isNew && await exists(marker)) {
    const { tellOfCache } = await import("./first_cache.ts");
    await tellOfCache(cacheDir as string, io);
  }
  return outcome;
};

const runAny: Run<PullCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  if (isSet(options)) {
    const { runPullSet } = await import("./pull_set.ts");
    return await runPullSet(options, io, context, services);
  }
  const { pull = pullImage } = services;
  const { env, stderr } = io;
  const { quiet, verbose, cacheDir, format } = options;
  const silent = isSilent(options);
  context.cacheDir = cacheDir;
  const style = createStyle(stderr, env);
  const progress = createProgress({
    output: stderr,
    style,
    env,
    quiet,
    verbose,
    way: options.progress,
    secrets: context.secrets,
  });

  const wanted = readWantedImage(options, env, context);
  const { reference, platform } = wanted;
  const streamed = options.output === "-";
  context.streamed = streamed || options.load;
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

  const accept = await acceptOf(
    options,
    io,
    silent ? () => {} : (line) => progress.line(line),
  );
  if (!silent) progress.line(`Pulling ${formatReference(reference)}`);

  const { signal, stop } = abortOnSignals(io.signals, {
    beforeExit: () => progress.stop(),
    beforeStop: stderr.isTTY ? () => progress.clear() : undefined,
  });
  const shared = connect(signal);
  try {
    progress.ask(reference.registry);
    const pulling: PullOptions = {
      ...shared,
      ...transferOptions(options),
      platform,
      accept,
      signal,
      onEvent: (event) => progress.onEvent(event),
      mirrors,
    };
    if (options.load) {
      const { runLoad } = await import("./load.ts");
      return await runLoad(reference, pulling, options, io, services);
    }
    const result = await pull(reference, {
      ...pulling,
      output,
      ...formOf(options),
    });
    if (options.json) {
      const { pullDocument } = await import("../messages/pull_document.ts");
      return { document: pullDocument([result]) };
    }
    if (quiet) return { lines: streamed ? [] : [result.path] };
    const lines = reportLines(result, {
      cache: cacheDir !== false,
      format,
      program: options.for,
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

/** Whether several files or names may come of it. */
function isSet(
  { images, platforms, from, lock, dryRun }: PullCommandOptions,
): boolean {
  return dryRun || from.length > 0 || lock !== undefined || images.length > 1 ||
    platforms.length > 1 || platforms.includes("all");
}

/**
 * A folder as output means the usual name in that folder, which is made where
 * the text ends with a slash. Else it must be there: a pull into a mistyped
 * place is found too late.
 */
async function outputPath(
  options: PullCommandOptions,
  reference: Reference,
  platform: Platform | undefined,
): Promise<string | undefined> {
  const { output, format } = options;
  if (output === undefined) return undefined;
  return await isOutputFolder(output, format)
    ? join(output, archiveName(reference, platform, endingOf(formOf(options))))
    : await checkedOutput(output, format);
}
