/** Draws how far the reading of files is, on a terminal. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { Io } from "../io.ts";
import { abortOnSignals } from "../signals.ts";
import { LiveArea } from "./terminal.ts";
import { truncate } from "./text.ts";

/**
 * Does something that reads, and shows how far it is.
 *
 * @param what What is being done, such as `Verifying`.
 * @param work Does it, until the signal aborts.
 */
export async function showReading<T>(
  what: string,
  { stderr, env, signals }: Io,
  work: (
    signal: AbortSignal,
    onProgress: ((done: number, total: number) => void) | undefined,
  ) => Promise<T>,
): Promise<T> {
  const area = stderr.isTTY && env.TERM !== "dumb"
    ? new LiveArea(stderr)
    : undefined;
  const { signal, stop } = abortOnSignals(signals, {
    beforeExit: () => area?.clear(),
    beforeStop: area && (() => area.clear()),
  });
  try {
    return await work(signal, area && drawIn(area, what));
  } finally {
    stop();
    area?.clear();
  }
}

/** Draws whenever another hundredth has been read. */
function drawIn(
  area: LiveArea,
  what: string,
): (done: number, total: number) => void {
  let shown = "";
  return (done, total) => {
    const percent = Math.floor(done / Math.max(1, total) * 100);
    const text = `${what} ${percent}% of ${formatBytes(total)}`;
    if (text === shown) return;
    shown = text;
    area.update([], [truncate(text, area.columns)]);
  };
}
