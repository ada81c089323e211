/** The blobs of a layout, kept by their digests. */

import { lstat, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { identityOf } from "../disk/file_identity.ts";
import { lockPathOf, occupied } from "../disk/leftovers.ts";
import type { Lock } from "../disk/lock.ts";
import { PartialFile } from "../disk/partial_file.ts";
import { openIfPlain } from "../disk/plain_file.ts";
import { parseDigest } from "../image/digest.ts";
import type { Descriptor } from "../image/types.ts";
import { StoreEntry } from "./entry.ts";
import { StoreIngest } from "./ingest.ts";
import {
  INGEST,
  type IngestOptions,
  lockIn,
  makeFolder,
  replaceFile,
} from "./layout_files.ts";

/** A folder of blobs that any number of processes share. */
export class BlobFolder {
  /** The folder. */
  readonly path: string;

  /** Made for the folder of a layout. */
  constructor(path: string) {
    this.path = path;
  }

  /** Where a blob is kept. */
  blobPath(digest: string): string {
    const { algorithm, hex } = parseDigest(digest);
    return join(this.path, "blobs", algorithm, hex);
  }

  /** Whether the blob is there, by its name and size; the bytes are not read. */
  async has(descriptor: Descriptor): Promise<boolean> {
    const path = this.blobPath(descriptor.digest);
    // A link leads to what was never verified, and need not stay what it is.
    const status = await lstat(path).catch(() => undefined);
    return status !== undefined && status.isFile() &&
      status.size === descriptor.size;
  }

  /** The size of a blob that is there; nothing where there is none. */
  async sizeOf(digest: string): Promise<number | undefined> {
    const status = await lstat(this.blobPath(digest)).catch(() => undefined);
    return status?.isFile() ? status.size : undefined;
  }

  /** Whether all of these blobs are there, by their names and sizes. */
  async hasAll(descriptors: Descriptor[]): Promise<boolean> {
    for (const descriptor of descriptors) {
      if (!await this.has(descriptor)) return false;
    }
    return true;
  }

  /** Room that a blob still needs, in bytes: none, all, or all but a part. */
  async roomFor(descriptor: Descriptor): Promise<number> {
    if (await this.has(descriptor)) return 0;
    const there = await occupied(this.partialPath(descriptor.digest));
    return Math.max(0, descriptor.size - there);
  }

  /** Where a blob is until it is complete. */
  protected partialPath(digest: string): string {
    const { algorithm, hex } = parseDigest(digest);
    return join(this.path, INGEST, `${algorithm}-${hex}.partial`);
  }

  /**
   * Opens a blob that is there.
   *
   * @returns The entry, or `undefined` if there is none of that size.
   */
  async entry(descriptor: Descriptor): Promise<StoreEntry | undefined> {
    const path = this.blobPath(descriptor.digest);
    if (!await this.has(descriptor)) return undefined;
    const file = await openIfPlain(path);
    if (!file) return undefined;
    const { handle, status } = file;
    if (status.size !== descriptor.size) {
      await handle.close();
      return undefined;
    }
    return new StoreEntry(
      path,
      handle,
      descriptor.size,
      identityOf(status),
    );
  }

  /**
   * Opens a place for a blob that is to be fetched, with what an earlier run
   * has left there. Where another process is fetching the same blob, this one
   * waits.
   *
   * @returns The place, or the entry if it has come in the meantime.
   * @throws {StorageError} If the folder cannot be written.
   */
  async ingest(
    descriptor: Descriptor,
    options: IngestOptions = {},
  ): Promise<StoreIngest | StoreEntry> {
    const { algorithm } = parseDigest(descriptor.digest);
    const path = this.partialPath(descriptor.digest);
    const lock = await this.lockBlob(descriptor, options);
    try {
      const entry = await this.entry(descriptor);
      if (entry) {
        await lock.release();
        return entry;
      }
      await makeFolder(this.path, "blobs", algorithm);
      // Not synced when it is complete: an entry is hashed again whenever it
      // is used, so that one that a power cut has torn is found and fetched.
      // What a layout names is synced before; who trusts a cache unread,
      // trusts the disk, too.
      const file = await PartialFile.open(path, {
        id: descriptor.digest,
        size: descriptor.size,
        subject: this.path,
      });
      return new StoreIngest(
        file,
        this.blobPath(descriptor.digest),
        lock,
        descriptor.size,
      );
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Has no other process fetch a blob meanwhile. */
  protected lockBlob(
    { digest }: Descriptor,
    options: IngestOptions,
  ): Promise<Lock> {
    const path = this.partialPath(digest);
    return lockIn(this.path, basename(lockPathOf(path)), options);
  }

  /** Puts a blob into its place, made elsewhere. */
  protected async replaceBlob(
    { digest }: Descriptor,
    content: Parameters<typeof replaceFile>[2],
  ): Promise<void> {
    const { algorithm, hex } = parseDigest(digest);
    await makeFolder(this.path, "blobs", algorithm);
    await replaceFile(this.path, join("blobs", algorithm, hex), content);
  }

  /** Removes a blob. */
  async remove(digest: string): Promise<void> {
    await rm(this.blobPath(digest), { force: true }).catch(() => {});
  }
}
