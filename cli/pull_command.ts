/** The pull itself: from the options to the report. */

import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { archiveName } from "../lib/archive/name.ts";
import { InvalidPlatformError, StorageError } from "../lib/errors.ts";
import { parsePlatform } from "../lib/platform.ts";
import { pull as pullImage } from "../lib/pull.ts";
import {
  formatReference,
  parseReference,
  type Reference,
} from "../lib/reference.ts";
import { parseMirrorUrl } from "../lib/registry/mirror_url.ts";
import type { Platform } from "../lib/types.ts";
import { UsageError } from "./arguments.ts";
import { credentialPathSettings } from "./credential_files.ts";
import { readLogin } from "./credentials.ts";
import type { ErrorContext } from "./explanation.ts";
import { warnOfInsecurity } from "./insecurity.ts";
import type { Io } from "./io.ts";
import { findLogins, noteTokens } from "./logins.ts";
import { findMirrors, parseMirror } from "./mirrors.ts";
import { isMissingTag, nearestTags } from "./missing_tag.ts";
import { openNetwork } from "./network.ts";
import type { PullCommandOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { reportLines } from "./report.ts";
import { logRequests } from "./request_log.ts";
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
  const given = options.mirrors &&
    options.mirrors.map((text) => parseMirror(text, "Option --mirror"));
  const output = await outputPath(options, reference, platform);
  const paths = await credentialPathSettings(env, io.os);
  const places = { env, os: io.os, home: paths.home };
  const mirrors = await findMirrors(registry, given, places, warn);
  // A prompt reads the terminal without letting go, so it comes before signals
  // are listened to: until then they end the process by themselves.
  const login = await readLogin(options, registry, { ...io, prompt, warn });
  warnOfInsecurity(options, warn);
  const network = await openNetwork(options, {
    ...places,
    registry,
    mirrors: mirrors?.urls.map((url) => parseMirrorUrl(url).host),
    warn,
  });

  if (!quiet) progress.line(`Pulling ${formatReference(reference)}`);

  const interruption = abortOnSignals(io.signals, () => progress.stop());
  const { signal } = interruption;
  const shared = {
    fetch: noteTokens(
      verbose
        ? logRequests(network.fetch, (text) => progress.line(style.faint(text)))
        : network.fetch,
      context,
    ),
    credentials: findLogins({
      places: paths,
      registry,
      given: login,
      authfile: options.authfile,
      signal,
      onWarning: (warning) => progress.onEvent({ type: "warning", warning }),
    }, context),
    // Left open, it is http for loopback hosts by itself.
    plainHttp: options.plainHttp || undefined,
  };
  try {
    const result = await pull(reference, {
      ...shared,
      platform,
      output,
      format: options.format,
      cacheDir,
      concurrency: options.concurrency,
      signal,
      onEvent: (event) => progress.onEvent(event),
      retries: options.retries,
      timeout: options.timeout,
      maxWait: options.maxWait,
      force: options.force,
      trustCache: options.trustCache,
      ...(mirrors && {
        mirrors: [mirrors],
        trustMirrors: options.trustMirrors,
      }),
    });
    if (quiet) return [result.path];
    return reportLines(result, {
      cache: cacheDir !== false,
      format: options.format,
      style: createStyle(io.stdout, env),
      os: io.os,
    });
  } catch (error) {
    if (isMissingTag(error, reference)) {
      context.nearestTags = await nearestTags(reference, shared, signal);
    }
    throw error;
  } finally {
    progress.stop();
    interruption.stop();
    network.close();
  }
}

/** The platform of the option, else of `DOCKER_DEFAULT_PLATFORM`. */
export function wantedPlatform(
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
  const isFolder = (path: string) =>
    stat(path).then((found) => found.isDirectory(), () => false);
  if (format === "oci") {
    // The folder is the layout itself.
  } else if (/[/\\]$/.test(output) || await isFolder(output)) {
    return join(output, archiveName(reference, platform));
  }
  const folder = dirname(output);
  if (!await isFolder(folder)) {
    throw new StorageError("write to", folder, "ENOENT");
  }
  return output;
}
