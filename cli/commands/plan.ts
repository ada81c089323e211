/** `docker-pull plan`, and `--dry-run`: what a pull would fetch and write. */

import { planPull, type PullPlan } from "../../lib/look/plan.ts";
import { DownloadLimitError } from "../../lib/image/errors.ts";
import { withLookAccess } from "../access/look_access.ts";
import { readMirrors } from "../access/image_access.ts";
import { errorLines } from "../messages/error_lines.ts";
import { gravest } from "../messages/exit_codes.ts";
import { planDocument, planLines } from "../messages/plan.ts";
import { failureDocument } from "../messages/pull_document.ts";
import { linePrinter } from "../progress/json_progress.ts";
import { createStyle } from "../progress/style.ts";
import type { Run } from "./command.ts";
import { namedImages } from "./named_images.ts";
import { tellFailures } from "./pull_failures.ts";
import {
  leftLines,
  registriesOf,
  requestOf,
  takenLines,
  wantedPlatform,
} from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import {
  acceptOf,
  allRegistries,
  formOf,
  haveOf,
  transferOptions,
  whereTo,
} from "./pull_settings.ts";

/** Tells what a pull would do, as the options say. */
export const runPlan: Run<PullCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { env, stderr } = io;
  const { quiet, cacheDir, maxBytes, json } = options;
  Object.assign(context, { cacheDir, command: "plan" });
  const style = createStyle(stderr, env);
  const print = linePrinter(stderr, context);
  const named = await namedImages(options, io);
  if (!quiet) leftLines(named, style).forEach(print);
  // Who wants the list alone need not be in the net.
  const texts = takenLines(named, true);
  if (quiet) return { lines: texts };
  const images = named.images.map(requestOf);
  const registries = registriesOf(images);
  const base = await haveOf(options, io);
  const streamed = options.output === "-" || options.load;
  const where = streamed ? {} : await whereTo(options);
  const output = streamed ? new WritableStream<Uint8Array>() : where.output;
  const accept = await acceptOf(options, io, print);
  return await withLookAccess(
    {
      registries: allRegistries(registries, base),
      mirrors: readMirrors(options),
    },
    options,
    io,
    context,
    services,
    async (look) => {
      const { minSpeed: _, ...transfer } = transferOptions(options);
      const platform = wantedPlatform(options, env);
      const plan = await planPull(images, {
        ...transfer,
        ...look,
        ...formOf(options),
        accept,
        have: await base?.read({ ...look, platform, cacheDir }, context),
        folder: where.folder,
        output,
        platform,
      });
      const { signal } = look;
      const telling = { reached: look, signal, style, print };
      const { code: failed, told } = await tellFailures(
        plan.failures,
        context,
        telling,
      );
      const codes = plan.failures.length > 0 ? [failed] : [];
      const excess = excessOf(plan, maxBytes);
      if (excess) {
        const { lines, code } = errorLines(excess, context, style);
        lines.forEach(print);
        codes.push(code);
      }
      const code = gravest(codes);
      return json
        ? {
          document: planDocument(
            plan,
            named.images,
            told.map(failureDocument),
          ),
          code,
        }
        : {
          lines: planLines(plan, named.images, {
            style: createStyle(io.stdout, env),
            texts,
            writes: !options.load,
          }),
          code,
        };
    },
  );
};

function excessOf(
  { download }: PullPlan,
  maxBytes: number | undefined,
): DownloadLimitError | undefined {
  return maxBytes !== undefined && download > maxBytes
    ? new DownloadLimitError(download, maxBytes)
    : undefined;
}
