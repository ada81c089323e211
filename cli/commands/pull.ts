/** The pull itself: from the options to the report. */

import { join } from "node:path";
import { archiveName } from "../../lib/archive/name.ts";
import { endingOf } from "../../lib/copy/forms.ts";
import { pull as pullImage } from "../../lib/copy/pull.ts";
import { exists } from "../../lib/disk/leftovers.ts";
import { formatReference, type Reference } from "../../lib/image/reference.ts";
import type { Platform } from "../../lib/image/types.ts";
import { readWantedImage } from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { reportLines } from "../messages/report.ts";
import { isSilent } from "../progress/progress.ts";
import { standardOutput } from "../standard_output.ts";
import type { Outcome, Run } from "./command.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import { checkedOutput, formOf, isOutputFolder } from "./pull_settings.ts";
import { noteTarget, preparePull, reportOptions } from "./prepare_pull.ts";
import { type Transfer, withTransfer } from "./transfer.ts";

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
  if (options.dryRun) {
    const { runPlan } = await import("./plan.ts");
    return await runPlan(options, io, context, services);
  }
  if (isSet(options)) {
    const { runPullSet } = await import("./pull_set.ts");
    return await runPullSet(options, io, context, services);
  }
  return await withTransfer(
    options,
    io,
    context,
    services,
    false,
    (transfer) => pullOne(options, io, context, services, transfer),
  );
};

async function pullOne(
  options: PullCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
  transfer: Transfer,
): Promise<Outcome> {
  const { pull = pullImage } = services;
  const wanted = readWantedImage(options, io.env, context);
  const { reference, platform } = wanted;
  const streamed = noteTarget(options, context);
  const output = streamed
    ? standardOutput(io.stdout)
    : await outputPath(options, reference, platform);
  const { reached, pulling, signal } = await preparePull(
    {
      ...wanted,
      platform,
      title: formatReference(reference),
      asked: reference.registry,
    },
    options,
    io,
    context,
    transfer,
  );
  try {
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
    if (options.quiet) return { lines: streamed ? [] : [result.path] };
    const { style, progress } = transfer;
    const told = await reportOptions(options, io, streamed ? style : undefined);
    const lines = reportLines(result, told);
    if (!streamed) return { lines };
    progress.stop();
    for (const line of lines) progress.line(line);
    return {};
  } catch (error) {
    const { hintsFor } = await import("../access/missing_tag.ts");
    const hints = await hintsFor({ reference, error }, reached, signal);
    Object.assign(context, hints);
    throw error;
  }
}

/** Whether several files or names may come of it. */
function isSet(
  { images, platforms, from, lock }: PullCommandOptions,
): boolean {
  return from.length > 0 || lock !== undefined || images.length > 1 ||
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
