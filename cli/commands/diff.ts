/** `docker-pull diff`: what differs between images, by layer and byte. */

import type { ImagesDiff } from "../../lib/locks/diff.ts";
import { diffImages, readSide, registriesOf } from "../../lib/locks/sides.ts";
import { findDaemon } from "../access/daemon.ts";
import {
  defaultPlatform,
  openAccess,
  readMirrors,
} from "../access/image_access.ts";
import { diffLines } from "../messages/diff.ts";
import { explainWarning } from "../messages/warnings.ts";
import { createStyle, showBy } from "../progress/style.ts";
import { abortOnSignals } from "../signals.ts";
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
  const { env, stderr, stdout } = io;
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
  const shown = showBy(
    createStyle(stderr, env),
    (text) => void stderr.write(`${text}\n`),
  );
  const { signal, stop } = abortOnSignals(io.signals);
  const access = registries.length === 0 ? undefined : await openAccess(
    { registries, mirrors: readMirrors(options) },
    options,
    io,
    context,
    shown,
    services,
  );
  const isDaemon = sides.some((side) =>
    "kind" in side && side.kind === "docker-daemon"
  );
  const areImages = sides.every((side) =>
    "kind" in side && side.kind === "registry"
  );
  try {
    const diff = await diffImages(sides[0], sides[1], {
      ...access?.connect(signal),
      mirrors: access?.mirrors,
      trustMirrors: options.trustMirrors,
      concurrency: options.concurrency,
      retries: options.retries,
      timeout: options.timeout,
      maxWait: options.maxWait,
      platform: options.platforms.length > 0
        ? readPlatforms(options.platforms)
        : areImages
        ? defaultPlatform(env)
        : undefined,
      daemon: isDaemon ? await findDaemon(undefined, io) : undefined,
      signal,
      onEvent(event) {
        if (event.type !== "warning") return;
        shown.warn(explainWarning(event.warning));
      },
    });
    return options.json
      ? { document: told(diff) }
      : { lines: diffLines(diff, createStyle(stdout, env)) };
  } finally {
    stop();
    access?.network.close();
  }
};

/** What programs are told, with its version. */
function told(diff: ImagesDiff) {
  return { kind: "docker-pull.diff", version: 1, ...diff };
}
