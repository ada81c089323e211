/** What every command sets up alike that brings images to another place. */

import {
  type AccessOptions,
  type ImageAccess,
  openAccess,
  type WantedAccess,
} from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import { EXIT } from "../messages/exit_codes.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import {
  createProgress,
  isSilent,
  type Progress,
} from "../progress/progress.ts";
import { createStyle, showBy, type Style } from "../progress/style.ts";
import { abortOnSignals } from "../signals.ts";
import { ReaderGone } from "../standard_output.ts";
import type { Outcome } from "./command.ts";
import type { PullCommandOptions } from "./pull_options.ts";

/** What a transfer is shown by, and what it goes through. */
export interface Transfer {
  /** The colours of standard error. */
  style: Style;
  /** Shows it while it goes on. */
  progress: Progress;
  /** Prints a line, where not only warnings are wanted. */
  say: (line: string) => void;
  /**
   * Finds the way to registries, as {@linkcode openAccess} does. It may ask
   * for a password, so this comes before {@linkcode Transfer.listen}.
   */
  open: (
    wanted: WantedAccess,
    options: AccessOptions,
    io: Io,
    context: ErrorContext,
  ) => Promise<ImageAccess>;
  /** Listens to signals from now on; the first one aborts. */
  listen: () => AbortSignal;
}

/** How a transfer is shown. */
type TransferOptions = Pick<
  PullCommandOptions,
  "quiet" | "verbose" | "progress" | "cacheDir"
>;

/**
 * Transfers; whatever comes of it, nothing is left open or moving.
 *
 * @param several Whether of several images, so that each line says of which.
 * @param work Does it.
 */
export async function withTransfer(
  options: TransferOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
  several: boolean,
  work: (transfer: Transfer) => Promise<Outcome>,
): Promise<Outcome> {
  const { env, stderr } = io;
  const { quiet, verbose, progress: way, cacheDir } = options;
  context.cacheDir = cacheDir;
  const style = createStyle(stderr, env);
  const { secrets } = context;
  const shown = { quiet, verbose, way, secrets, several };
  const progress = createProgress({ output: stderr, style, env, ...shown });
  const line = (text: string) => progress.line(text);
  const ends = [() => progress.stop()];
  try {
    return await work({
      style,
      progress,
      say: isSilent(options) ? () => {} : line,
      async open(wanted, options, io, context) {
        const by = showBy(style, line);
        const access = await openAccess(
          wanted,
          options,
          io,
          context,
          by,
          services,
        );
        ends.push(() => access.network.close());
        return access;
      },
      listen() {
        const { signal, stop } = abortOnSignals(io.signals, {
          beforeExit: () => progress.stop(),
          beforeStop: stderr.isTTY ? () => progress.clear() : undefined,
        });
        ends.push(stop);
        return signal;
      },
    });
  } catch (error) {
    if (error instanceof ReaderGone) return { code: EXIT.brokenPipe };
    throw error;
  } finally {
    for (const end of ends) end();
  }
}
