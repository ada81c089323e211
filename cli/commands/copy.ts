/** `docker-pull copy`: images go from one place to another. */

import { format as formatBytes } from "@std/fmt/bytes";
import { copy as copyImages } from "../../lib/copy/copy_places.ts";
import type {
  CopiedImages,
  CopyImagesOptions,
} from "../../lib/copy/copy_places.ts";
import type {
  PushAccess,
  RegistryPlace,
} from "../../lib/copy/places/open_registry.ts";
import { findPlace } from "../../lib/copy/places/open_places.ts";
import { formatPlace, type Place } from "../../lib/copy/places/places.ts";
import type { PullResult } from "../../lib/copy/pull_result.ts";
import type { OnEvent } from "../../lib/image/events.ts";
import { formatPlatform, parsePlatform } from "../../lib/image/platform.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { findDaemon } from "../access/daemon.ts";
import { openAccess, readWantedImage } from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import {
  createProgress,
  isSilent,
  type Progress,
} from "../progress/progress.ts";
import { createStyle, showBy, type Style } from "../progress/style.ts";
import { formatTime, neutralize } from "../progress/text.ts";
import { abortOnSignals } from "../signals.ts";
import { showUploads } from "../progress/uploads.ts";
import type { Outcome, Run } from "./command.ts";
import { acceptOf } from "./pull_settings.ts";
import type { CopyCommandOptions } from "./copy_options.ts";

/** Copies as the options say. */
export const runCopy: Run<CopyCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  context.command = "copy";
  const { source, destination } = options;
  const places = [
    await findPlace(source),
    await findPlace(destination),
  ] as const;
  return await copyPlaces(places, options, io, context, services);
};

/** Copies from one place to another as the options say. */
export async function copyPlaces(
  [from, to]: readonly [Place, Place],
  options: CopyCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
): Promise<Outcome> {
  const { quiet, verbose } = options;
  const { env, stderr } = io;
  context.cacheDir = options.cacheDir;
  const silent = isSilent(options);
  const style = createStyle(stderr, env);
  const progress = createProgress({
    output: stderr,
    style,
    env,
    quiet,
    verbose,
    way: options.progress,
    secrets: context.secrets,
    // How many there are in a file is known once that is open.
    several: true,
  });
  const isPushed = to.kind === "registry" || to.kind === "registry-path";
  const access = from.kind === "registry"
    ? await openRegistry(options, io, context, services, style, progress)
    : undefined;
  if (!access) context.subject = "archive";
  const [source, destination] = [formatPlace(from), formatPlace(to)];
  const doing = context.command === "push" ? "push" : "copy";
  context.action = `${doing} ${source} to ${destination}`;
  const pushAccess = isPushed
    ? await openDestination(to, options, io, context, services, style, progress)
      .catch((error) => {
        progress.stop();
        access?.close();
        throw error;
      })
    : undefined;
  if (!silent) {
    const word = context.command === "push" ? "Pushing" : "Copying";
    progress.line(neutralize(`${word} ${source} to ${destination}`));
  }
  const accept = await acceptOf(
    options,
    io,
    quiet ? () => {} : (line) => progress.line(line),
  );
  const { signal, stop } = abortOnSignals(io.signals, {
    beforeExit: () => progress.stop(),
    beforeStop: stderr.isTTY ? () => progress.clear() : undefined,
  });
  const show: OnEvent = (event) => progress.onEvent(event);
  const shown = isPushed ? showUploads(show) : show;
  const pushed: string[] = [];
  try {
    const { platforms } = options;
    const reached = access?.connect(signal);
    const all: CopyImagesOptions = {
      ...reached,
      platform: platforms.length === 0
        ? reached?.platform
        : platforms.includes("all")
        ? "all"
        : platforms.map(parsePlatform),
      index: options.index,
      // Left open, those of a file that is there as a whole go along.
      attestations: options.attestations || undefined,
      referrers: options.referrers || undefined,
      accept,
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
      pushAccess: pushAccess?.connect(signal),
      onEvent(event) {
        if (event.type === "pushed") pushed.push(event.reference);
        shown(event);
      },
    };
    if ([from, to].some(({ kind }) => kind === "docker-daemon")) {
      all.daemon = await findDaemon(undefined, io);
    }
    const result = await copyImages(from, to, all);
    if (options.json) {
      const { pullDocument } = await import("../messages/pull_document.ts");
      const document = pullDocument(result.results);
      return { document: { ...document, pushed, sent: result.pushed } };
    }
    const lines = quiet
      ? isPushed ? pushed : [...new Set(result.results.map(({ path }) => path))]
      : reportLines(result, pushed, createStyle(io.stdout, env));
    return { lines };
  } finally {
    progress.stop();
    stop();
    access?.close();
    pushAccess?.close();
  }
}

/** Sets up how the registry is reached that images go to. */
async function openDestination(
  to: RegistryPlace,
  options: CopyCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
  style: Style,
  progress: Progress,
): Promise<RegistryAccess<PushAccess>> {
  const { dest } = options;
  const reference = to.kind === "registry"
    ? to.reference
    : { registry: to.registry, repository: to.path };
  const other = context.registry === undefined ? context : undefined;
  const own: ErrorContext = other ?? { secrets: context.secrets };
  context.destination = own;
  if (other) context.registry = reference.registry;
  // The environment's login is that of the image's own registry, if there is.
  const { DOCKER_USERNAME: _, DOCKER_PASSWORD: __, ...rest } = io.env;
  const { network, connect } = await openAccess(
    { registries: [reference.registry], mirrors: false },
    {
      ...options,
      image: options.destination,
      format: options.format ?? "tar",
      username: dest?.username,
      password: dest?.password,
      passwordStdin: dest?.passwordStdin ?? false,
      plainHttp: dest?.plainHttp ?? options.plainHttp,
      given: dest?.given,
    },
    other ? io : { ...io, env: rest },
    own,
    showBy(style, (line) => progress.line(line)),
    services,
  );
  progress.ask(reference.registry);
  return { connect, close: () => network.close() };
}

/** The way to a registry. */
interface RegistryAccess<Options> {
  /** What the library is given of it. */
  connect(signal: AbortSignal): Options;
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
): Promise<RegistryAccess<CopyImagesOptions>> {
  const pulling = {
    ...options,
    image: options.source,
    platforms: [],
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
      platform: wanted.platform,
    }),
    close: () => network.close(),
  };
}

function reportLines(
  { results, elapsed, pushed: sent }: CopiedImages,
  names: readonly string[],
  style: Style,
): string[] {
  const lines = results.flatMap((result) => imageLines(result, style));
  if (sent) {
    const { uploaded, mounted, there } = sent;
    const upToDate = results.every(({ upToDate }) => upToDate);
    const word = style.good(upToDate ? "There:" : "Pushed:");
    return [
      ...lines,
      ...names.map((name) => `${word} ${neutralize(name)}`),
      `Time:   ${formatTime(elapsed)}, ${
        upToDate
          ? "nothing sent"
          : `${formatBytes(sent.sent)} in ${uploaded} ${
            uploaded === 1 ? "blob" : "blobs"
          } sent; ${there} there already, ${mounted} mounted`
      }`,
    ];
  }
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
