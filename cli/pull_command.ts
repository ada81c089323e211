/** The pull itself: from the options to the report. */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { archiveName } from "../lib/archive/name.ts";
import { InvalidPlatformError } from "../lib/errors.ts";
import { parsePlatform } from "../lib/platform.ts";
import { pull as pullImage } from "../lib/pull.ts";
import {
  formatReference,
  parseReference,
  type Reference,
} from "../lib/reference.ts";
import type { Platform } from "../lib/types.ts";
import { UsageError } from "./arguments.ts";
import { onlyFor, readLogin } from "./credentials.ts";
import type { ErrorContext } from "./errors.ts";
import type { Io } from "./io.ts";
import { logRequests, openNetwork } from "./network.ts";
import type { PullCommandOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { reportLines } from "./report.ts";
import { abortOnSignals } from "./signals.ts";
import { createStyle } from "./style.ts";
import { neutralize } from "./text.ts";

/** What is done for the command elsewhere, so that a test can do it. */
export interface PullServices {
  /** Pulls. */
  pull?: typeof pullImage;
  /** Asks for a password. */
  prompt?: (message: string) => string | null;
}

/**
 * Pulls an image as the options say.
 *
 * @param context Is filled with what an error's message needs.
 * @returns What to print on standard output.
 */
export async function runPull(
  options: PullCommandOptions,
  io: Io,
  context: ErrorContext,
  { pull = pullImage, prompt }: PullServices = {},
): Promise<string[]> {
  const { env, stderr } = io;
  const { quiet, verbose, cacheDir } = options;
  const style = createStyle(stderr, env);
  const progress = createProgress({ output: stderr, style, env, quiet });
  const warn = (message: string) =>
    progress.line(style.warn("warning: ") + neutralize(message));

  const reference = parseReference(options.image);
  const { registry, repository } = reference;
  Object.assign(context, { registry, repository });
  const platform = wantedPlatform(
    options.platform,
    env.DOCKER_DEFAULT_PLATFORM,
  );
  const output = await outputPath(options.output, reference, platform);
  // A prompt reads the terminal without letting go, so it comes before signals
  // are listened to: until then they end the process by themselves.
  const login = await readLogin(options, registry, { ...io, prompt, warn });
  context.login = login !== undefined;
  if (options.insecure) {
    warn(
      "the certificate is not verified; anyone on the way can read and " +
        "change what is sent",
    );
  }

  if (!quiet) progress.line(`Pulling ${formatReference(reference)}`);

  const interruption = abortOnSignals(io.signals, () => progress.stop());
  const network = await openNetwork(options, env);
  try {
    const result = await pull(reference, {
      platform,
      output,
      cacheDir,
      concurrency: options.concurrency,
      signal: interruption.signal,
      onEvent: (event) => progress.onEvent(event),
      fetch: verbose
        ? logRequests(
          network.fetch,
          (text) => progress.line(style.faint(text)),
        )
        : network.fetch,
      credentials: onlyFor(registry, login),
      // Left open, it is http for loopback hosts by itself.
      plainHttp: options.plainHttp || undefined,
      retries: options.retries,
      timeout: options.timeout,
      force: options.force,
      trustCache: options.trustCache,
    });
    if (quiet) return [result.path];
    return reportLines(result, {
      cache: cacheDir !== false,
      style: createStyle(io.stdout, env),
      os: io.os,
    });
  } finally {
    progress.stop();
    interruption.stop();
    network.close();
  }
}

function wantedPlatform(
  option: string | undefined,
  variable: string | undefined,
): Platform | undefined {
  if (option !== undefined) return parsePlatform(option);
  if (variable === undefined) return undefined;
  try {
    return parsePlatform(variable);
  } catch (error) {
    if (!(error instanceof InvalidPlatformError)) throw error;
    throw new UsageError(`DOCKER_DEFAULT_PLATFORM: ${error.message}`);
  }
}

/** A folder as output means the usual name in that folder. */
async function outputPath(
  output: string | undefined,
  reference: Reference,
  platform: Platform | undefined,
): Promise<string | undefined> {
  if (output === undefined) return undefined;
  const folder = /[/\\]$/.test(output) ||
    await stat(output).then((found) => found.isDirectory(), () => false);
  return folder ? join(output, archiveName(reference, platform)) : output;
}
