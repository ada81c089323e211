/** Docker's and Podman's images as a place that images go to or come from. */

import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { DaemonAddress } from "../../daemon/address.ts";
import { Daemon } from "../../daemon/daemon.ts";
import { defaultDaemon } from "../../daemon/default_daemon.ts";
import { onDisk } from "../../disk/io.ts";
import {
  familiarName,
  parseReference,
  type Reference,
} from "../../image/reference.ts";
import type { Destination } from "./outputs.ts";
import { openScratch } from "../engine/scratch.ts";
import { daemonTarget, type LoadState } from "../targets/daemon.ts";
import { namedTarget } from "../targets/named.ts";

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

/** A daemon that one image goes to, under a name. */
export interface OpenedDaemon extends Destination {
  /** What it is called there. */
  name: Reference;
  /** What is told of the load, and how it goes. */
  load: LoadState;
  /** Lets go of the daemon. */
  close(): void;
}

/**
 * Opens it, before anything is asked of where the images come from.
 *
 * @param name What the only image is called there.
 * @param whole Whether all layers are sent, whatever is there.
 * @throws {DaemonError} If there is none.
 * @throws {InvalidReferenceError} If the name is none.
 */
export async function openDaemonPlace(
  name: string,
  address: string | DaemonAddress | undefined,
  { whole, signal }: { whole: boolean; signal?: AbortSignal },
): Promise<OpenedDaemon> {
  const reference = parseReference(name);
  const daemon = await openDaemon(address, signal);
  await daemon.info();
  const load: LoadState = { whole, sent: 0, spared: 0 };
  return {
    target: namedTarget(daemonTarget(daemon, load), reference),
    path: daemon.address,
    name: reference,
    load,
    close: () => daemon.close(),
  };
}

/** An archive that a daemon has written. */
export interface SavedImage {
  /** The file. */
  path: string;
  /** Removes it. */
  close(): Promise<void>;
}

/**
 * Has a daemon write an image's archive into a file for a while: what is in it
 * is not all in order, and is read at many places.
 *
 * @param name The image.
 * @throws {DaemonError} If there is none, or it has not that image.
 * @throws {InvalidReferenceError} If the name is none.
 */
export async function saveImage(
  name: string,
  address: string | DaemonAddress | undefined,
  signal: AbortSignal | undefined,
): Promise<SavedImage> {
  const reference = parseReference(name);
  const daemon = await openDaemon(address, signal);
  try {
    await daemon.info();
    return await save(daemon, familiarName(reference));
  } finally {
    daemon.close();
  }
}

async function save(daemon: Daemon, name: string): Promise<SavedImage> {
  const scratch = await openScratch(tmpdir());
  try {
    const path = join(scratch.store.path, "saved.tar");
    const file = await onDisk("write", path, () => open(path, "wx"));
    try {
      for await (const bytes of daemon.save(name)) {
        await onDisk("write", path, () => file.writeFile(bytes));
      }
    } finally {
      await file.close();
    }
    return { path, close: scratch.close };
  } catch (error) {
    await scratch.close();
    throw error;
  }
}
