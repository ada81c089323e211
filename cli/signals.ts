/** Signals of the system as an abort. */

import type { Signals } from "./io.ts";
import { EXIT, type ExitCode } from "./messages/exit_codes.ts";

const NAMES = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A stop by a signal, as the reason of an abort. */
export class SignalError extends Error {
  override name = "SignalError";
  /** The signal. */
  readonly signal: "SIGINT" | "SIGTERM" | "SIGHUP";

  /** Made when the signal comes. */
  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(`Stopped by ${signal}`);
    this.signal = signal;
  }

  /** The exit code that stands for it. */
  get code(): ExitCode {
    return {
      SIGINT: EXIT.interrupted,
      SIGTERM: EXIT.terminated,
      SIGHUP: EXIT.hangup,
    }[this.signal];
  }
}

/** What is done about a terminal before the process leaves it. */
export interface Terminal {
  /** Called before the process ends. */
  beforeExit?: () => void;
  /** Called before Ctrl-Z stops it; it may draw again at any time after. */
  beforeStop?: () => void;
}

/**
 * Aborts at the first signal; at the second one the process ends at once.
 *
 * @returns The abort's signal, and what stops listening.
 */
export function abortOnSignals(
  signals: Signals,
  { beforeExit = () => {}, beforeStop }: Terminal = {},
): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const listeners = NAMES.map((name) => {
    const listener = () => {
      const error = new SignalError(name);
      if (!controller.signal.aborted) return controller.abort(error);
      beforeExit();
      signals.exit(error.code);
    };
    return listen(signals, name, listener);
  });
  if (beforeStop) listeners.push(stopOnSignal(signals, beforeStop));
  return {
    signal: controller.signal,
    stop: () => listeners.forEach((forget) => forget()),
  };
}

/** Ctrl-Z stops the process as it would without us, but for the first words. */
function stopOnSignal(signals: Signals, beforeStop: () => void): () => void {
  const name = "SIGTSTP";
  let forget = () => {};
  const again = () => {
    forget();
    forget = listen(signals, name, () => {
      beforeStop();
      // Where nobody listens, the system does what it does; to be stopped by
      // SIGSTOP would be for ever where no shell is there to go on.
      forget();
      forget = () => {};
      try {
        signals.raise(name);
      } catch {
        // Not permitted; the next one stops it.
      }
    });
  };
  again();
  const ignore = listen(signals, "SIGCONT", again);
  return () => {
    ignore();
    forget();
  };
}

function listen(
  signals: Signals,
  name: NodeJS.Signals,
  listener: () => void,
): () => void {
  try {
    signals.on(name, listener);
  } catch {
    return () => {}; // not every system has every signal
  }
  return () => void signals.off(name, listener);
}
