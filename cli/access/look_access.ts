/** Sets up how images are looked at. */

import type { LookOptions } from "../../lib/look/access.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { PullCommandOptions } from "../commands/pull_options.ts";
import { linePrinter } from "../progress/json_progress.ts";
import { describe } from "../progress/lines.ts";
import { createStyle, showBy } from "../progress/style.ts";
import { abortOnSignals } from "../signals.ts";
import {
  type AccessOptions,
  openAccess,
  type WantedAccess,
} from "./image_access.ts";

/** What is said of how images are looked at. */
type LookAccessOptions =
  & AccessOptions
  & Partial<
    Pick<
      PullCommandOptions,
      "retries" | "timeout" | "maxWait" | "trustMirrors"
    >
  >;

/**
 * Does something that asks registries, until it is done or a signal comes.
 *
 * @param wanted The registries; none where all is on this machine.
 * @param work Is given how they are reached.
 */
export async function withLookAccess<T>(
  wanted: WantedAccess | undefined,
  options: LookAccessOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
  work: (look: LookOptions & { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const style = createStyle(io.stderr, io.env);
  const print = linePrinter(io.stderr, context);
  const access = wanted && await openAccess(
    wanted,
    options,
    io,
    context,
    showBy(style, print),
    services,
  );
  const { signal, stop } = abortOnSignals(io.signals);
  const { retries, timeout, maxWait, trustMirrors, verbose } = options;
  try {
    return await work({
      ...access?.connect(signal),
      mirrors: access?.mirrors,
      trustMirrors,
      retries,
      timeout,
      maxWait,
      signal,
      onEvent(event) {
        if (event.type !== "warning" && event.type !== "retry") return;
        const line = describe(event, { style, verbose });
        if (line !== undefined) print(line);
      },
    });
  } finally {
    stop();
    access?.network.close();
  }
}
