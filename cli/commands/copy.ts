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
import { onAbort } from "../../lib/image/abort.ts";
import type { OnEvent } from "../../lib/image/events.ts";
import { formatPlatform, parsePlatform } from "../../lib/image/platform.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { findDaemon } from "../access/daemon.ts";
import { readWantedImage } from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { sentLine } from "../messages/load_report.ts";
import { createStyle, type Style } from "../progress/style.ts";
import { formatTime, neutralize } from "../progress/text.ts";
import { showUploads } from "../progress/uploads.ts";
import type { Outcome, Run } from "./command.ts";
import { acceptOf, transferOptions } from "./pull_settings.ts";
import type { CopyCommandOptions } from "./copy_options.ts";
import { type Transfer, withTransfer } from "./transfer.ts";

/** Half a part may cost all that was sent of its blob. */
const STOPPING =
  "Stopping as soon as the parts under way are there; once more ends it at once";

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
  places: readonly [Place, Place],
  options: CopyCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
): Promise<Outcome> {
  return await withTransfer(
    options,
    io,
    context,
    services,
    // How many there are in a file is known once that is open.
    true,
    (transfer) => copyBy(transfer, places, options, io, context),
  );
}

async function copyBy(
  { progress, say, open, listen }: Transfer,
  [from, to]: readonly [Place, Place],
  options: CopyCommandOptions,
  io: Io,
  context: ErrorContext,
): Promise<Outcome> {
  const { quiet } = options;
  const isPushed = to.kind === "registry" || to.kind === "registry-path";
  const reach = from.kind === "registry"
    ? await openSource(options, io, context, open)
    : undefined;
  if (!reach) context.subject = "archive";
  const [source, destination] = [formatPlace(from), formatPlace(to)];
  const doing = context.command === "push" ? "push" : "copy";
  context.action = `${doing} ${source} to ${destination}`;
  const reachDestination = isPushed
    ? await openDestination(to, options, io, context, open)
    : undefined;
  const word = context.command === "push" ? "Pushing" : "Copying";
  say(neutralize(`${word} ${source} to ${destination}`));
  const accept = await acceptOf(options, io, say);
  const signal = listen();
  /** Blobs that are on their way to a registry. */
  const sending = new Set<string>();
  if (isPushed) {
    onAbort(signal, () => {
      if (sending.size > 0) say(STOPPING);
    });
  }
  if (isPushed) progress.ask(registryOf(to));
  else if (from.kind === "registry") progress.ask(registryOf(from));
  const show: OnEvent = (event) => progress.onEvent(event);
  // Programs are told of both sides.
  const shown = isPushed && !context.events ? showUploads(show) : show;
  const pushed: string[] = [];
  const { platforms } = options;
  const reached = reach?.(signal);
  const all: CopyImagesOptions = {
    ...transferOptions(options),
    ...reached,
    platform: platforms.length === 0
      ? reached?.platform
      : platforms.includes("all")
      ? "all"
      : platforms.map(parsePlatform),
    // Left open, those of a file that is there as a whole go along.
    attestations: options.attestations || undefined,
    referrers: options.referrers || undefined,
    accept,
    format: options.format,
    layers: options.layers,
    signal,
    pushAccess: reachDestination?.(signal),
    onEvent(event) {
      if (event.type === "pushed") pushed.push(event.reference);
      if (event.type === "upload-start") sending.add(event.descriptor.digest);
      if (event.type === "upload-done") sending.delete(event.descriptor.digest);
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
    const { pushed: sent, loaded } = result;
    return { document: { ...document, pushed, sent, loaded } };
  }
  const lines = quiet
    ? isPushed ? pushed : [...new Set(result.results.map(({ path }) => path))]
    : reportLines(result, pushed, createStyle(io.stdout, io.env));
  return { lines };
}

function registryOf(place: RegistryPlace): string {
  return place.kind === "registry" ? place.reference.registry : place.registry;
}

/** What the library is given of a registry. */
type Reach<Options> = (signal: AbortSignal) => Options;

/** Sets up how the registry is reached that images go to. */
async function openDestination(
  to: RegistryPlace,
  options: CopyCommandOptions,
  io: Io,
  context: ErrorContext,
  open: Transfer["open"],
): Promise<Reach<PushAccess>> {
  const { dest } = options;
  const registry = registryOf(to);
  const other = context.registry === undefined ? context : undefined;
  const own: ErrorContext = other ?? { secrets: context.secrets };
  context.destination = own;
  if (other) context.registry = registry;
  // The environment's login is that of the image's own registry, if there is.
  const { DOCKER_USERNAME: _, DOCKER_PASSWORD: __, ...rest } = io.env;
  const { connect } = await open(
    { registries: [registry], mirrors: false },
    {
      ...options,
      username: dest?.username,
      password: dest?.password,
      passwordStdin: dest?.passwordStdin ?? false,
      plainHttp: dest?.plainHttp ?? options.plainHttp,
      given: dest?.given,
    },
    other ? io : { ...io, env: rest },
    own,
  );
  return connect;
}

/** Sets up how the source's registry is reached. */
async function openSource(
  options: CopyCommandOptions,
  io: Io,
  context: ErrorContext,
  open: Transfer["open"],
): Promise<Reach<CopyImagesOptions>> {
  const wanted = readWantedImage(
    { ...options, image: options.source, platforms: [] },
    io.env,
    context,
  );
  const { mirrors, connect } = await open(wanted, options, io, context);
  const { trustMirrors } = options;
  const { platform } = wanted;
  return (signal) => ({ ...connect(signal), mirrors, trustMirrors, platform });
}

function reportLines(
  { results, elapsed, pushed: sent, loaded }: CopiedImages,
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
  if (loaded && loaded.sent > 0) lines.push(sentLine(loaded));
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
