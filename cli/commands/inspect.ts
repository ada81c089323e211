/** `docker-pull inspect`: what an image is made of. */

import { findPlace } from "../../lib/copy/places/open_places.ts";
import { formatPlace } from "../../lib/copy/places/places.ts";
import { inspectImage, rawManifest } from "../../lib/look/inspect.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import type { Document } from "../../lib/image/types.ts";
import { findDaemon } from "../access/daemon.ts";
import { defaultPlatform, readMirrors } from "../access/image_access.ts";
import { withLookAccess } from "../access/look_access.ts";
import { hintsFor } from "../access/missing_tag.ts";
import { inspectedLines } from "../messages/inspected.ts";
import { inspectedDocument } from "../messages/inspected_document.ts";
import type { Io } from "../io.ts";
import { createStyle } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import type { Outcome, Run } from "./command.ts";
import type { InspectCommandOptions } from "./inspect_options.ts";

/** Looks at an image as the options say. */
export const runInspect: Run<InspectCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const place = await findPlace(options.image);
  const reference = place.kind === "registry" ? place.reference : undefined;
  if (reference) {
    const { registry, repository } = reference;
    const image = options.image;
    Object.assign(context, { image, reference, registry, repository });
  } else context.subject = "archive";
  context.action = `inspect ${formatPlace(place)}`;
  const wanted = reference &&
    { registries: [reference.registry], mirrors: readMirrors(options) };
  const { platforms, raw, json, unpacked } = options;
  const platform = platforms.includes("all")
    ? "all"
    : platforms.length > 0
    ? platforms.map(parsePlatform)
    : reference && !raw
    ? defaultPlatform(io.env)
    : undefined;
  const daemon = place.kind === "docker-daemon"
    ? await findDaemon(undefined, io)
    : undefined;
  return await withLookAccess(
    wanted,
    options,
    io,
    context,
    services,
    async (look) => {
      const how = { ...look, platform, daemon };
      try {
        if (raw) return rawOutcome(await rawManifest(place, how), io);
        const found = await inspectImage(place, { ...how, unpacked });
        if (json) return { document: inspectedDocument(found) };
        const style = createStyle(io.stdout, io.env);
        const columns = io.stdout.isTTY ? io.stdout.columns : undefined;
        return { lines: inspectedLines(found, style, columns) };
      } catch (error) {
        if (reference) {
          const hints = await hintsFor({ reference, error }, look, look.signal);
          Object.assign(context, hints);
        }
        throw error;
      }
    },
  );
};

/** The very bytes; but a terminal would obey what may be in them. */
function rawOutcome({ bytes }: Document, { stdout }: Io): Outcome {
  if (!stdout.isTTY) return { bytes };
  const text = new TextDecoder().decode(bytes);
  return { lines: text.trimEnd().split("\n").map(neutralize) };
}
