/**
 * Plans an archive: from the list of its members, whose sizes are all known,
 * to the place of every byte, before the first blob arrives. It knows no form:
 * what the members are is told by the files in `forms/`.
 */

import { createHash } from "node:crypto";
import { parseDigest } from "../image/digest.ts";
import type { Descriptor } from "../image/types.ts";
import { BLOCK_SIZE, fileHeader, paddingOf } from "./tar.ts";

/** A file of an archive. */
export interface Member {
  /** Its name, in ASCII. */
  name: string;
  /** Its size in bytes. */
  size: number;
  /** Its bytes, where they are known; then as many as its size. */
  bytes?: Uint8Array;
  /** The blob that it is, where that is written when it arrives. */
  blob?: Descriptor;
}

/** Bytes of the archive that are known when it is planned. */
export interface PlannedRegion {
  /** Where in the archive they begin. */
  offset: number;
  /** The bytes. */
  bytes: Uint8Array;
}

/** The place of a blob. */
export interface PlannedBlob {
  /** What goes there. */
  descriptor: Descriptor;
  /** Where in the archive its first byte is. */
  offset: number;
}

/** Where everything in an archive is. */
export interface ArchivePlan {
  /** The archive's size in bytes. */
  size: number;
  /**
   * Headers and documents, but for those that depend on a configuration that
   * was not there. Whatever else is not covered is zero.
   */
  regions: PlannedRegion[];
  /** The blobs that are written when they arrive, by digest. */
  blobs: Map<string, PlannedBlob>;
}

/**
 * Plans the archive of a list of members, in their order.
 *
 * @param members The files; each name once.
 * @returns The plan.
 */
export function planArchive(members: readonly Member[]): ArchivePlan {
  const regions: PlannedRegion[] = [];
  const blobs = new Map<string, PlannedBlob>();
  let offset = 0;
  for (const { name, size, bytes, blob } of members) {
    const header = fileHeader(name, size);
    regions.push({ offset, bytes: header });
    offset += header.length;
    if (bytes) regions.push({ offset, bytes });
    if (blob) blobs.set(blob.digest, { descriptor: blob, offset });
    offset += size + paddingOf(size);
  }
  return { size: offset + 2 * BLOCK_SIZE, regions, blobs };
}

/** Names an archive's bytes: the plan's regions determine the rest. */
export function planId(plan: ArchivePlan): string {
  const hash = createHash("sha256");
  for (const { bytes, offset } of plan.regions) {
    hash.update(`${offset} ${bytes.length}\n`).update(bytes);
  }
  return `sha256:${hash.digest("hex")}`;
}

/** The name of a blob in a layout. */
export function blobName(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}
