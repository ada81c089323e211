/** `docker-pull copy`: images go from one place to another. */

import { format as formatBytes } from "@std/fmt/bytes";
import { copy as copyImages } from "../../lib/copy/copy_places.ts";
import type { CopyImagesOptions } from "../../lib/copy/copy_places.ts";
import { formatPlace, parsePlace } from "../../lib/copy/places.ts";
import type {
  PullImagesResult,
  PullResult,
} from "../../lib/copy/pull_result.ts";
import { formatPlatform, parsePlatform } from "../../lib/image/platform.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { openAccess, readWantedImage } from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { createProgress, type Progress } from "../progress/progress.ts";
import { createStyle, showBy, type Style } from "../progress/style.ts";
import { formatTime, neutralize } from "../progress/text.ts";
import { abortOnSignals } from "../signals.ts";
import type { Run } from "./command.ts";
import type { CopyCommandOptions } from "./copy_options.ts";

/** Copies as the options say. */
export const runCopy: Run<CopyCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { source, destination, quiet, verbose } = options;
  const { env, stderr } = io;
  context.command = "copy";
  context.cacheDir = options.cacheDir;
  const style = createStyle(stderr, env);
  const progress = createProgress({
    output: stderr,
    style,
    env,
    quiet,
    verbose,
  });
  const [from, to] = [parsePlace(source), parsePlace(destination)];
  const access = from.kind === "registry"
    ? await openRegistry(options, io, context, services, style, progress)
    : undefined;
  if (!access) context.subject = "archive";
  if (!quiet) {
    progress.line(
      neutralize(`Copying ${formatPlace(from)} to ${formatPlace(to)}`),
    );
  }
  const { signal, stop } = abortOnSignals(io.signals, {
    beforeExit: () => progress.stop(),
    beforeStop: stderr.isTTY ? () => progress.clear() : undefined,
  });
  try {
    const { platforms } = options;
    const all: CopyImagesOptions = {
      ...access?.connect(signal),
      platform: platforms.length === 0
        ? undefined
        : platforms.includes("all")
        ? "all"
        : platforms.map(parsePlatform),
      format: options.format,
      layers: options.layers,
      cacheDir: options.cacheDir,
      concurrency: options.concurrency,
      retries: options.retries,
      timeout: options.timeout,
      maxWait: options.maxWait,
      minSpeed: options.minSpeed,
      force: options.force,
      trustCache: options.trustCache,
      signal,
      onEvent: (event) => progress.onEvent(event),
    };
    const result = await copyImages(from, to, all);
    const lines = quiet
      ? [...new Set(result.results.map(({ path }) => path))]
      : reportLines(result, createStyle(io.stdout, env));
    return { lines };
  } finally {
    progress.stop();
    stop();
    access?.close();
  }
};

/** The way to the source's registry. */
interface RegistryAccess {
  /** What the library is given of it. */
  connect(signal: AbortSignal): CopyImagesOptions;
  /** Closes what was opened for it. */
  close(): void;
}

/** Sets up how the source's registry is reached. */
async function openRegistry(
  options: CopyCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
  style: Style,
  progress: Progress,
): Promise<RegistryAccess> {
  const pulling = {
    ...options,
    image: options.source,
    platform: undefined,
    format: options.format ?? "tar",
  };
  const wanted = readWantedImage(pulling, io.env, context);
  const { network, mirrors, connect } = await openAccess(
    wanted,
    pulling,
    io,
    context,
    showBy(style, (line) => progress.line(line)),
    services,
  );
  progress.ask(wanted.reference.registry);
  return {
    connect: (signal) => ({
      ...connect(signal),
      mirrors,
      trustMirrors: options.trustMirrors,
    }),
    close: () => network.close(),
  };
}

function reportLines(
  { results, elapsed }: PullImagesResult,
  style: Style,
): string[] {
  const lines = results.flatMap((result) => imageLines(result, style));
  const paths = new Map(results.map((result) => [result.path, result]));
  for (const { path, size, upToDate } of paths.values()) {
    lines.push(
      `${style.good(upToDate ? "Up to date:" : "Copied:")} ${
        neutralize(path)
      } (${formatBytes(size)}); ${formatTime(elapsed)}`,
    );
  }
  return lines;
}

function imageLines(
  { reference, named, images }: PullResult,
  style: Style,
): string[] {
  const platforms = images.map(({ platform }) => formatPlatform(platform));
  return [
    `${style.good("Image:")}  ${
      neutralize(
        [formatReference(reference), ...new Set(platforms), named.digest]
          .join(", "),
      )
    }`,
  ];
}
