/** Opens places: a new kind of source or target is a line here. */

import { stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenImagesOptions } from "../../archive/reader/images.ts";
import type { DaemonAddress } from "../../daemon/address.ts";
import { ifThere, onDisk } from "../../disk/io.ts";
import { ArchiveError, PlaceError, StorageError } from "../../image/errors.ts";
import type { HeldImage } from "../../image/held_image.ts";
import type { Reference } from "../../image/reference.ts";
import { chooseImages } from "../sets/chosen_images.ts";
import { type FormOptions, withLayers } from "../forms.ts";
import type { RegistryPlaceOptions } from "./open_registry.ts";
import { type Destination, openOutput } from "./outputs.ts";
import {
  formatPlace,
  type LocalPlace,
  nameFor,
  parsePlace,
  type Place,
} from "./places.ts";
import { type Held, openHeld, wholeImages } from "../sources/held.ts";
import type { LoadState } from "../targets/daemon.ts";
import { namedTarget } from "../targets/named.ts";
import type { Pushed } from "../targets/registry_blobs.ts";

/**
 * Reads what a place is called, and asks what is meant where there is a file or
 * folder of an image's name.
 *
 * @throws {PlaceError} If it can be taken for two things, or is none.
 * @throws {InvalidReferenceError} If it is a reference that is none.
 */
export async function findPlace(text: string): Promise<Place> {
  const place = parsePlace(text);
  if (place.kind === "registry" && !text.startsWith("docker://")) {
    const status = await stat(text).catch(() => undefined);
    if (status) throw new PlaceError(text, { code: "file-or-image" });
  }
  return place;
}

/** A place on this machine that images are read from; to be closed. */
export interface LocalImages {
  /** What holds them. */
  held: Held;
  /** Those that are meant. */
  images: HeldImage[];
}

/**
 * Opens a place on this machine that images are read from.
 *
 * @throws {PlaceError} If there is no image such as it names.
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is none of what is read.
 */
export async function openLocalPlace(
  place: LocalPlace,
  options: Pick<OpenImagesOptions, "spool" | "signal"> = {},
): Promise<LocalImages> {
  const { kind } = place;
  const path = ownPath(place.path);
  const status = await onDisk("read", path, () => stat(path));
  const form = kind === "docker-archive"
    ? "docker"
    : kind === "oci-archive"
    ? "oci"
    : undefined;
  if (form && status.isDirectory()) {
    throw new StorageError("read", path, "EISDIR");
  }
  if (kind === "oci" && !status.isDirectory()) {
    throw new ArchiveError(path, { code: "no-layout" });
  }
  const held = await openHeld(path, { ...options, form });
  try {
    // Numbers count all that is listed.
    const all = place.index === undefined
      ? await wholeImages(held)
      : await held.images();
    return { held, images: chooseImages(formatPlace(place), all, place) };
  } catch (error) {
    await held.close();
    throw error;
  }
}

/** What a target is opened with. */
export interface TargetAccess {
  /** What is written, where the place does not say so. */
  form: FormOptions;
  /** Whether anything there is given up. */
  force: boolean;
  /** How a registry is reached. */
  registry: RegistryPlaceOptions;
  /** Which daemon is meant by `docker-daemon:`. */
  daemon?: string | DaemonAddress;
  /** Ends what is asked of it. */
  signal?: AbortSignal;
}

/** A place that images go to. */
export interface OpenedTarget extends Destination {
  /** The name that the only image gets there, which may be made of its own. */
  name?: Reference | ((own: Reference) => Reference);
  /** What was sent to a registry so far. */
  pushed?: Pushed;
  /** What is told of a load, where it is a daemon. */
  load?: LoadState;
  /** Lets go of it. */
  close?(): void;
}

/**
 * Opens a place that images go to, and looks at nothing but what is there.
 *
 * @throws {PlaceError} If nothing can be written there, or not by that name.
 * @throws {StorageError} If it may not be written.
 */
export async function openTarget(
  place: Place,
  { form, force, registry, daemon, signal }: TargetAccess,
): Promise<OpenedTarget> {
  switch (place.kind) {
    case "registry":
    case "registry-path": {
      const { openRegistryPlace } = await import("./open_registry.ts");
      const opened = openRegistryPlace(place, registry);
      const target = await withLayers(opened.target, form, tmpdir());
      const { pushed } = opened.target;
      return { ...opened, target, pushed, takesArtifacts: true };
    }
    case "docker-daemon": {
      const { openDaemonPlace } = await import("./open_daemon.ts");
      const options = { whole: force, signal };
      return await openDaemonPlace(place.name, daemon, options);
    }
    default: {
      const name = nameFor(place, formatPlace(place));
      const path = ownPath(place.path);
      const format = await formatOf(place, path, form);
      const output = await openOutput(path, { ...form, format }, force);
      const takesArtifacts = format === "oci" || format === "oci-archive";
      const opened = { ...output, takesArtifacts };
      if (!name) return opened;
      const isLayout = place.kind === "oci" || place.kind === "oci-archive";
      const refName = isLayout ? place.name : undefined;
      const target = namedTarget(opened.target, name, refName);
      return { ...opened, target, name };
    }
  }
}

/** What is written: as the place says, as it was asked for, or what is there. */
async function formatOf(
  { kind }: LocalPlace,
  path: string,
  { format }: FormOptions,
): Promise<FormOptions["format"]> {
  if (kind === "oci" || kind === "oci-archive") return kind;
  if (format !== undefined) return format;
  if (kind === "docker-archive") return "tar";
  if (/[/\\]$/.test(path)) return "oci";
  const status = await ifThere("write", path, () => stat(path));
  return status?.isDirectory() ? "oci" : "tar";
}

/** The path with the user's own folder in place of `~`. */
function ownPath(path: string): string {
  return /^~(?:[/\\]|$)/.test(path) ? join(homedir(), path.slice(1)) : path;
}
