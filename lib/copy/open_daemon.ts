/** Docker's or Podman's images as a place that images go to. */

import process from "node:process";
import type { DaemonAddress } from "../daemon/address.ts";
import { Daemon } from "../daemon/daemon.ts";
import { defaultDaemon } from "../daemon/default_daemon.ts";
import { parseReference } from "../image/reference.ts";
import type { OpenedTarget } from "./open_places.ts";
import { daemonTarget } from "./targets/daemon.ts";
import { namedTarget } from "./targets/named.ts";

/** A daemon by its address; without one, that of the first usual socket. */
export async function openDaemon(
  address: string | DaemonAddress | undefined,
  signal: AbortSignal | undefined,
): Promise<Daemon> {
  const chosen = typeof address === "string"
    ? { url: address }
    : address ?? await defaultDaemon({ env: {}, platform: process.platform });
  return new Daemon(chosen, { signal });
}

/**
 * Opens it, before anything is asked of where the images come from.
 *
 * @param name What the only image is called there.
 * @throws {DaemonError} If there is none.
 * @throws {InvalidReferenceError} If the name is none.
 */
export async function openDaemonPlace(
  name: string,
  address: string | DaemonAddress | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenedTarget> {
  const reference = parseReference(name);
  const daemon = await openDaemon(address, signal);
  await daemon.info();
  // Nobody is there to send again what it should turn out to lack.
  const state = { whole: true, sent: 0, spared: 0 };
  return {
    target: namedTarget(daemonTarget(daemon, state), reference),
    path: daemon.address,
    name: reference,
  };
}
