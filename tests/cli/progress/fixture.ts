/** Events of a pull, and a progress whose time is in the test's hand. */

import { createProgress } from "../../../cli/progress/progress.ts";
import { createStyle } from "../../../cli/progress/style.ts";
import { NetworkError } from "../../../lib/image/errors.ts";
import type { PullEvent, Retry } from "../../../lib/image/events.ts";
import type { Descriptor } from "../../../lib/image/types.ts";
import type { Output } from "../../../cli/io.ts";
import type { Screen } from "./screen.ts";

export const MB = 1_000_000;

export function blob(name: string, size: number): Descriptor {
  return {
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest: `sha256:${name.padEnd(64, "0")}`,
    size,
  };
}

export const config = blob("c0", 1000);

export function planned(layers: Descriptor[]): PullEvent {
  return {
    type: "planned",
    manifest: blob("aa", 500),
    platform: { os: "linux", architecture: "amd64" },
    config,
    layers,
    size: 123 * MB,
  };
}

/** A progress whose time is in the test's hand. */
export function inHand(
  output: Output,
  verbose: boolean,
  env: Record<string, string> = {},
) {
  let now = 0;
  let tick: (() => void) | undefined;
  const progress = createProgress({
    output,
    style: createStyle(output, env),
    env: {},
    quiet: false,
    verbose,
    clock: {
      now: () => now,
      every(_, callback) {
        tick = callback;
        return () => (tick = undefined);
      },
    },
  });
  return {
    progress,
    send: (...events: PullEvent[]) =>
      events.forEach(progress.onEvent, progress),
    /** Lets time pass, drawing as a timer would. */
    pass(milliseconds: number, step = 100, each: () => void = () => {}) {
      for (const end = now + milliseconds; now < end;) {
        now += step;
        each();
        tick?.();
      }
    },
    isTicking: () => tick !== undefined,
  };
}

/** A progress on a terminal. */
export const onTerminal = (screen: Screen, verbose = false) =>
  inHand(screen, verbose, { NO_COLOR: "1" });

/** A host that fails. */
export const retry = (
  attempt: number,
  delay: number,
  more: Partial<Retry> = {},
): Retry => ({
  type: "retry",
  url: "https://r.example/v2/x",
  host: "r.example",
  code: "timeout",
  error: new NetworkError("https://r.example/", "timeout", {
    code: "unanswered",
    duration: 30_000,
  }),
  attempt,
  of: 5,
  delay,
  ...more,
});

export const start = (descriptor: Descriptor, resumed = 0): PullEvent => ({
  type: "blob-start",
  descriptor,
  source: "registry",
  resumed,
});
export const received = (
  descriptor: Descriptor,
  received: number,
): PullEvent => ({
  type: "blob-progress",
  descriptor,
  received,
});
export const done = (
  descriptor: Descriptor,
  source: "registry" | "cache" = "registry",
): PullEvent => ({ type: "blob-done", descriptor, source });
