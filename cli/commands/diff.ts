/** `docker-pull diff`: what differs between images, by layer and byte. */

import type { ImagesDiff } from "../../lib/locks/diff.ts";
import { diffImages } from "../../lib/locks/diff_images.ts";
import { readSide, registriesOf } from "../../lib/locks/sides.ts";
import { findDaemon } from "../access/daemon.ts";
import { defaultPlatform, readMirrors } from "../access/image_access.ts";
import { withLookAccess } from "../access/look_access.ts";
import { diffLines } from "../messages/diff.ts";
import { createStyle } from "../progress/style.ts";
import type { Run } from "./command.ts";
import type { DiffCommandOptions } from "./diff_options.ts";
import { readPlatforms } from "./pull_lists.ts";

/** Compares as the options say. */
export const runDiff: Run<DiffCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { env, stdout } = io;
  context.action = `compare ${options.before} with ${options.after}`;
  const sides = [
    await readSide(options.before),
    await readSide(options.after),
  ] as const;
  const registries = [...new Set(sides.flatMap(registriesOf))];
  if (registries.length === 0) context.subject = "archive";
  for (const side of sides) {
    if (!("kind" in side) || side.kind !== "registry") continue;
    const { reference } = side;
    const { registry, repository } = reference;
    Object.assign(context, { reference, registry, repository });
  }
  const isDaemon = sides.some((side) =>
    "kind" in side && side.kind === "docker-daemon"
  );
  const areImages = sides.every((side) =>
    "kind" in side && side.kind === "registry"
  );
  return await withLookAccess(
    registries.length === 0
      ? undefined
      : { registries, mirrors: readMirrors(options) },
    options,
    io,
    context,
    services,
    async (look) => {
      const diff = await diffImages(sides[0], sides[1], {
        ...look,
        concurrency: options.concurrency,
        platform: options.platforms.length > 0
          ? readPlatforms(options.platforms)
          : areImages
          ? defaultPlatform(env)
          : undefined,
        daemon: isDaemon ? await findDaemon(undefined, io) : undefined,
      });
      return options.json
        ? { document: told(diff) }
        : { lines: diffLines(diff, createStyle(stdout, env)) };
    },
  );
};

/** What programs are told. */
function told(diff: ImagesDiff) {
  return { kind: "docker-pull.diff", ...diff };
}
