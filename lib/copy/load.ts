/** Loads an image into Docker or Podman, without a file in between. */

import type { DaemonInfo } from "../daemon/daemon.ts";
import type { DaemonAddress } from "../daemon/address.ts";
import { DaemonError } from "../image/errors.ts";
import {
  checkOptions,
  either,
  OBJECT,
  type Rules,
  TEXT,
} from "../image/options.ts";
import type { Reference } from "../image/reference.ts";
import { openDaemon } from "./places/open_daemon.ts";
import { pullInto } from "./pull.ts";
import type { PullFailure, PullResult } from "./pull_result.ts";
import {
  PULL_RULES,
  type PullOptions,
  type PullRequest,
} from "./pull_options.ts";
import { readRequests } from "./sets/set_requests.ts";
import {
  daemonTarget,
  isOfLoading,
  loading,
  type LoadState,
} from "./targets/daemon.ts";

/** How an image is loaded: as it is pulled, but for where it goes. */
export interface LoadOptions extends
  Omit<
    PullOptions,
    "output" | "format" | "layers" | "for" | "split" | "part" | "have"
  > {
  /**
   * The daemon: its address as `DOCKER_HOST` has it, such as
   * `unix:///run/docker.sock`, `tcp://HOST:PORT` or `ssh://USER@HOST`.
   *
   * @default {undefined} The first of Docker's and Podman's usual sockets that
   * is there; {@linkcode defaultDaemon} heeds the environment, too.
   */
  daemon?: string | DaemonAddress;
}

const {
  output: _,
  format: __,
  layers: ___,
  for: ____,
  split: _____,
  part: ______,
  have: _______,
  ...REST
} = PULL_RULES;
const LOAD_RULES: Rules<LoadOptions> = {
  ...REST,
  daemon: either(TEXT, OBJECT),
};

/** What a load has brought. Sizes are in bytes. */
export interface LoadResult extends PullResult {
  /** The daemon. */
  daemon: DaemonInfo;
  /** Bytes of the archive that it was sent; none where it had all. */
  sent: number;
  /** Bytes of layers that it had, and that were not sent. */
  spared: number;
}

/**
 * Loads an image into Docker or Podman. The archive is sent while its layers
 * come, and without those that the daemon has; then the image is looked for
 * there, and nothing is done where it was there before.
 *
 * @param reference The image, such as `nginx:latest`.
 * @param options How.
 * @returns What was loaded; its `path` is the daemon's address.
 * @throws {DaemonError} If the daemon cannot be reached, or does not load it.
 * @throws What {@linkcode pull} throws.
 *
 * @example
 * ```ts ignore
 * import { load } from "@x/docker-pull";
 *
 * const { imageId } = await load("nginx", { daemon: "ssh://me@server" });
 * ```
 */
export async function load(
  reference: string | Reference,
  options: LoadOptions = {},
): Promise<LoadResult> {
  checkOptions("load", options, LOAD_RULES);
  return await loadOne(reference, options);
}

async function loadOne(
  reference: string | Reference | PullRequest,
  options: LoadOptions,
): Promise<LoadResult> {
  const { daemon: wanted, ...pulling } = options;
  const daemon = await openDaemon(wanted, options.signal);
  const { force = false } = options;
  const state: LoadState = { whole: force, sent: 0, spared: 0 };
  const attempt = async (): Promise<LoadResult> => {
    const result = await pullInto(reference, pulling, async () => {
      // Where none is there, nothing is asked of the registry.
      await daemon.info();
      return { target: daemonTarget(daemon, state), path: daemon.address };
    });
    const { sent, spared } = state;
    return { ...result, daemon: await daemon.info(), sent, spared };
  };
  try {
    return await loading(state, attempt);
  } finally {
    daemon.close();
  }
}

/** What the load of a set has brought. */
export interface LoadImagesResult {
  /** What is there now. */
  results: LoadResult[];
  /** What is not, and why. */
  failures: PullFailure[];
}

/**
 * Loads a set of images into Docker or Podman, one after the other, as
 * {@linkcode load} does: what several have is sent once. One that fails does not
 * keep the others from coming, unless it is the daemon that fails.
 *
 * @param images The images, or what else is to be said of each.
 * @param options How.
 * @returns What is there now, and what is not.
 * @throws {InvalidSetError} If the set makes no sense; nothing was fetched then.
 * @throws {DaemonError} If the daemon cannot be used.
 */
export async function loadImages(
  images: readonly (string | Reference | PullRequest)[],
  options: LoadOptions = {},
): Promise<LoadImagesResult> {
  checkOptions("load", options, LOAD_RULES);
  const set = readRequests(images, options.platform, true);
  const results: LoadResult[] = [];
  const failures: PullFailure[] = [];
  for (const { reference, platforms, from, locked } of set) {
    const request = { reference, platforms, from, locked };
    try {
      results.push(await loadOne(request, options));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof DaemonError && !isOfImage(error)) throw error;
      failures.push({ reference, from, error });
    }
  }
  return { results, failures };
}

/** Whether another image may fare better. */
function isOfImage(error: DaemonError): boolean {
  return isOfLoading(error) || error.code === "other-system";
}
