/** `docker-pull plan`, and `--dry-run`: what a pull would fetch and write. */

import { planPull, type PullPlan } from "../../lib/look/plan.ts";
import type { PullFailure } from "../../lib/copy/pull_result.ts";
import { DownloadLimitError } from "../../lib/image/errors.ts";
import { withLookAccess } from "../access/look_access.ts";
import { defaultPlatform, readMirrors } from "../access/image_access.ts";
import { errorLines } from "../messages/error_lines.ts";
import { explainError } from "../messages/errors.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { type ExitCode, gravest } from "../messages/exit_codes.ts";
import { planDocument, planLines } from "../messages/plan.ts";
import { createStyle } from "../progress/style.ts";
import type { Run } from "./command.ts";
import { aboutOf, contextOf, hintsFor } from "./pull_failures.ts";
import {
  leftLines,
  nameImages,
  readPlatforms,
  readSet,
  requestOf,
  takenLines,
} from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import { formOf, transferOptions, whereTo } from "./pull_settings.ts";

/** So many failures are looked into for a better hint. */
const MOST_HINTS = 5;

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
  const print = (line: string) => void stderr.write(`${line}\n`);
  const named = options.lock === undefined
    ? await nameImages(readSet(options), options.from, io)
    : await (await import("./locked_images.ts")).lockedImages(options, io);
  if (!quiet) leftLines(named, style).forEach(print);
  // Who wants the list alone need not be in the net.
  const texts = takenLines(named, true);
  if (quiet) return { lines: texts };
  const images = named.images.map(requestOf);
  const registries = [
    ...new Set(images.map(({ reference }) => reference.registry)),
  ];
  const streamed = options.output === "-" || options.load;
  const where = streamed ? {} : await whereTo(options);
  const output = streamed ? new WritableStream<Uint8Array>() : where.output;
  return await withLookAccess(
    { registries, mirrors: readMirrors(options) },
    options,
    io,
    context,
    services,
    async (look) => {
      const { minSpeed: _, ...transfer } = transferOptions(options);
      const plan = await planPull(images, {
        ...transfer,
        ...look,
        ...formOf(options),
        folder: where.folder,
        output,
        platform: options.platforms.length > 0
          ? readPlatforms(options.platforms)
          : defaultPlatform(env),
      });
      const codes: ExitCode[] = [];
      const told: unknown[] = [];
      for (const [i, failure] of plan.failures.entries()) {
        const own = await contextFor(failure, context, look, i < MOST_HINTS);
        const { error } = failure;
        const { lines, code } = errorLines(error, own, style, aboutOf(failure));
        lines.forEach(print);
        codes.push(code);
        const { sentence, hint } = explainError(error, own);
        told.push({ image: aboutOf(failure), message: sentence, hint });
      }
      const excess = excessOf(plan, maxBytes);
      if (excess) {
        const { lines, code } = errorLines(excess, context, style);
        lines.forEach(print);
        codes.push(code);
      }
      const code = gravest(codes);
      return json
        ? { document: planDocument(plan, named.images, told, code), code }
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

async function contextFor(
  failure: PullFailure,
  context: ErrorContext,
  look: Parameters<typeof planPull>[1] & { signal: AbortSignal },
  ask: boolean,
): Promise<ErrorContext> {
  const own = contextOf(failure, context);
  if (!ask) return own;
  const { fetch, credentials, plainHttp, signal } = look;
  const shared = { fetch: fetch!, credentials, plainHttp };
  return { ...own, ...await hintsFor(failure, shared, signal) };
}

function excessOf(
  { download }: PullPlan,
  maxBytes: number | undefined,
): DownloadLimitError | undefined {
  return maxBytes !== undefined && download > maxBytes
    ? new DownloadLimitError(download, maxBytes)
    : undefined;
}
