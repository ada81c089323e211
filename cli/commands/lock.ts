/** `docker-pull lock`: what images' names stand for now. */

import { formatReference } from "../../lib/image/reference.ts";
import { formatLock } from "../../lib/locks/lock.ts";
import { lockImages } from "../../lib/locks/lock_images.ts";
import {
  defaultPlatform,
  openAccess,
  readMirrors,
} from "../access/image_access.ts";
import { errorLines } from "../messages/error_lines.ts";
import { type ExitCode, gravest } from "../messages/exit_codes.ts";
import { explainWarning } from "../messages/warnings.ts";
import { createStyle, showBy } from "../progress/style.ts";
import { abortOnSignals } from "../signals.ts";
import type { Run } from "./command.ts";
import {
  leftLines,
  nameImages,
  readPlatforms,
  readSet,
  requestOf,
} from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import { aboutOf, contextOf, hintsFor } from "./pull_failures.ts";

/** Locks as the options say. */
export const runLock: Run<PullCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { env, stderr } = io;
  const { quiet } = options;
  const style = createStyle(stderr, env);
  const line = (text: string) => void stderr.write(`${text}\n`);
  const shown = showBy(style, line);
  const named = await nameImages(readSet(options), options.from, io);
  if (!quiet) leftLines(named, style).forEach(line);
  const images = named.images.map(requestOf);
  const registries = [
    ...new Set(images.map(({ reference }) => reference.registry)),
  ];
  const { network, mirrors, connect } = await openAccess(
    { registries, mirrors: readMirrors(options) },
    options,
    io,
    context,
    shown,
    services,
  );
  const { signal, stop } = abortOnSignals(io.signals);
  const shared = connect(signal);
  // As it was typed, where it was.
  const typed = new Map(
    readSet(options).map(({ reference }, i) =>
      [formatReference(reference), options.images[i]!] as const
    ),
  );
  try {
    const { lock, failures } = await lockImages(
      images.map(({ reference, ...rest }) => ({
        ...rest,
        reference: typed.get(formatReference(reference)) ?? reference,
      })),
      {
        ...shared,
        platform: options.platforms.length > 0
          ? readPlatforms(options.platforms)
          : defaultPlatform(env),
        mirrors,
        trustMirrors: options.trustMirrors,
        concurrency: options.concurrency,
        retries: options.retries,
        timeout: options.timeout,
        maxWait: options.maxWait,
        signal,
        onEvent(event) {
          if (event.type !== "warning" || quiet) return;
          shown.warn(explainWarning(event.warning));
        },
      },
    );
    const codes: ExitCode[] = [];
    for (const failure of failures) {
      const own = contextOf(failure, context);
      Object.assign(own, await hintsFor(failure, shared, signal));
      const about = images.length > 1 ? aboutOf(failure) : undefined;
      const told = errorLines(failure.error, own, style, about);
      codes.push(told.code);
      told.lines.forEach(line);
    }
    // One that lacks something would be taken for the whole.
    if (failures.length > 0) return { code: gravest(codes) };
    return { lines: [formatLock(lock).trimEnd()] };
  } finally {
    stop();
    network.close();
  }
};
