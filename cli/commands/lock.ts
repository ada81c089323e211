/** `docker-pull lock`: what images' names stand for now. */

import { formatReference } from "../../lib/image/reference.ts";
import { formatLock } from "../../lib/locks/lock.ts";
import { lockImages } from "../../lib/locks/lock_images.ts";
import { readMirrors } from "../access/image_access.ts";
import { withLookAccess } from "../access/look_access.ts";
import { createStyle } from "../progress/style.ts";
import type { Run } from "./command.ts";
import { namedImages } from "./named_images.ts";
import { tellFailures } from "./pull_failures.ts";
import {
  leftLines,
  readSet,
  registriesOf,
  requestOf,
  wantedPlatform,
} from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/** Locks as the options say. */
export const runLock: Run<PullCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { env, stderr } = io;
  const { quiet, concurrency } = options;
  const style = createStyle(stderr, env);
  const print = (text: string) => void stderr.write(`${text}\n`);
  const named = await namedImages(options, io);
  if (!quiet) leftLines(named, style).forEach(print);
  const images = named.images.map(requestOf);
  // As it was typed, where it was.
  const typed = new Map(
    readSet(options).map(({ reference }, i) =>
      [formatReference(reference), options.images[i]!] as const
    ),
  );
  return await withLookAccess(
    { registries: registriesOf(images), mirrors: readMirrors(options) },
    options,
    io,
    context,
    services,
    async (look) => {
      const { lock, failures } = await lockImages(
        images.map(({ reference, ...rest }) => ({
          ...rest,
          reference: typed.get(formatReference(reference)) ?? reference,
        })),
        {
          ...look,
          onEvent: quiet ? undefined : look.onEvent,
          platform: wantedPlatform(options, env),
          concurrency,
        },
      );
      const { signal } = look;
      const single = images.length === 1;
      const telling = { reached: look, signal, style, print, single };
      const { code, told } = await tellFailures(failures, context, telling);
      // One that lacks something would be taken for the whole.
      if (failures.length > 0) {
        if (!options.json) return { code };
        const { failureDocument } = await import(
          "../messages/pull_document.ts"
        );
        return { document: { failures: told.map(failureDocument) }, code };
      }
      return { lines: [formatLock(lock).trimEnd()] };
    },
  );
};
