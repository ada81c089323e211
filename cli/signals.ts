/** Signals of the system as an abort. */

import { SignalError } from "./errors.ts";
import type { Signals } from "./io.ts";

const NAMES = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Aborts at the first signal; at the second one the process ends at once.
 *
 * @returns The abort's signal, and what stops listening.
 */
export function abortOnSignals(
  signals: Signals,
  beforeExit: () => void,
): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const listeners = NAMES.map((name) => {
    const listener = () => {
      const error = new SignalError(name);
      if (!controller.signal.aborted) return controller.abort(error);
      beforeExit();
      signals.exit(error.code);
    };
    try {
      signals.on(name, listener);
    } catch {
      // Not every system has every signal.
    }
    return { name, listener };
  });
  return {
    signal: controller.signal,
    stop() {
      for (const { name, listener } of listeners) {
        try {
          signals.off(name, listener);
        } catch {
          // As above.
        }
      }
    },
  };
}
