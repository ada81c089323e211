/** `docker-pull push`: images go from a file or folder to a registry. */

import { pushDestination, pushSource } from "../../lib/copy/push.ts";
import type { Run } from "./command.ts";
import { copyPlaces } from "./copy.ts";
import type { CopyCommandOptions } from "./copy_options.ts";

/** Pushes as the options say. */
export const runPush: Run<CopyCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  context.command = "push";
  const places = [
    pushSource(options.source),
    pushDestination(options.destination),
  ] as const;
  return await copyPlaces(places, options, io, context, services);
};
