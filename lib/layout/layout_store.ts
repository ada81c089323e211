/**
 * The cache: an OCI image layout on disk that any number of processes share.
 * Blobs are kept by digest, so all images share their layers.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md}
 */

import type { Stats } from "node:fs";
import { lstat, mkdir, open, rename, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseDigest, verifyBytes } from "../image/digest.ts";
import { identityOf } from "../disk/file_identity.ts";
import { makeFolders } from "../disk/folders.ts";
import { ifThere, onDisk, storageError, systemCode } from "../disk/io.ts";
import { acquireLock, type Lock } from "../disk/lock.ts";
import { PartialFile } from "../disk/partial_file.ts";
import { openIfPlain, readOwnText, readText } from "../disk/plain_file.ts";
import { lockPathOf, occupied } from "../disk/leftovers.ts";
import { syncFolder } from "../disk/sync.ts";
import { VerifiedFiles } from "../disk/verified_files.ts";
import {
  DockerPullError,
  InvalidDocumentError,
  StorageError,
} from "../image/errors.ts";
import { documentMediaType, MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import type { Descriptor, Document } from "../image/types.ts";
import {
  layoutManifest,
  layoutNames,
  updateLayoutIndex,
} from "./layout_index.ts";
import { isRightBlob, type RightBlobOptions, syncBlob } from "./right_blob.ts";
import { StoreEntry } from "./entry.ts";
import { StoreIngest } from "./ingest.ts";
import { sweep, temporaryName } from "./sweep.ts";
import { takeOver } from "./take_over.ts";

/** Where files are until they are complete. */
const INGEST = "ingest";
const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';
/** What is remembered of verified files. */
const VERIFIED = "verified.json";
/** How often something is tried again that lacks no folder. */
const MOST_TRIES = 20;

/** How a blob's place in the store is opened. */
export interface IngestOptions {
  /** Ends the waiting for another process. */
  signal?: AbortSignal;
  /** Called when another process is fetching the blob. */
  onWait?: () => void;
}

/** An OCI image layout that blobs are fetched into. */
export class LayoutStore {
  /** The folder. */
  readonly path: string;
  #verified: VerifiedFiles | undefined;

  readonly #now: (() => number) | undefined;

  private constructor(path: string, now?: () => number) {
    this.path = path;
    this.#now = now;
  }

  /**
   * Opens the layout in a folder, and makes it where there is none.
   *
   * @param path The folder.
   * @param now The time, in milliseconds since 1970; for tests.
   * @returns The store.
   * @throws {StorageError} If it cannot be made or is a layout of another version.
   */
  static async open(path: string, now?: () => number): Promise<LayoutStore> {
    await onDisk("write", path, () => makeFolders(path));
    await makeFolder(path, "blobs", "sha256");
    await makeIngest(path);
    const marker = join(path, "oci-layout");
    const text = await readText(marker);
    if (text === undefined) {
      await replaceFile(path, "oci-layout", LAYOUT);
    } else if (!/"imageLayoutVersion"\s*:\s*"1\./.test(text)) {
      throw storageError(
        "use",
        path,
        new Error("its oci-layout names an unknown version"),
      );
    }
    await sweep(join(path, INGEST));
    return new LayoutStore(path, now);
  }

  /** The layout in a folder, if there is one. */
  static async find(path: string): Promise<LayoutStore | undefined> {
    const text = await readText(join(path, "oci-layout"));
    return text === undefined ? undefined : new LayoutStore(path);
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
    const there = await occupied(this.#partialPath(descriptor.digest));
    return Math.max(0, descriptor.size - there);
  }

  #partialPath(digest: string): string {
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
    const path = this.#partialPath(descriptor.digest);
    const lock = await this.#lock(lockPathOf(path), options);
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

  async #lock(path: string, options: IngestOptions): Promise<Lock> {
    let told = false;
    const onWait = () => {
      if (!told) options.onWait?.();
      told = true;
    };
    return await inIngest(
      this.path,
      () => acquireLock(path, { ...options, subject: this.path, onWait }),
    );
  }

  /**
   * The bytes of a document, if they are there and right; a damaged one is
   * removed. What is too large for a document is none, and is not read.
   */
  async get(
    descriptor: Descriptor,
  ): Promise<Document["bytes"] | undefined> {
    const path = this.blobPath(descriptor.digest);
    if (descriptor.size > MAX_DOCUMENT_SIZE) return undefined;
    if (!await this.has(descriptor)) return undefined;
    const file = await openIfPlain(path);
    if (!file) return undefined;
    const { handle } = file;
    const bytes = await onDisk("read", path, () => handle.readFile())
      .finally(() => handle.close());
    const copy = new Uint8Array(bytes);
    try {
      await verifyBytes(copy, descriptor);
      return copy;
    } catch (error) {
      if (!(error instanceof DockerPullError)) throw error;
      await rm(path, { force: true });
      return undefined;
    }
  }

  /**
   * A document that is there, or else is fetched and kept, by one process for
   * all that want it.
   *
   * @param descriptor The document.
   * @param fetch Gets it, verified.
   */
  async obtain(
    descriptor: Descriptor,
    fetch: () => Promise<Document>,
    options: IngestOptions = {},
  ): Promise<Document> {
    const kept = await this.get(descriptor);
    if (kept) return { descriptor, bytes: kept };
    const path = this.#partialPath(descriptor.digest);
    const lock = await this.#lock(lockPathOf(path), options);
    try {
      const bytes = await this.get(descriptor);
      if (bytes) return { descriptor, bytes };
      const document = await fetch();
      await this.put(document);
      return document;
    } finally {
      await lock.release();
    }
  }

  /** A manifest or index that is there, by its digest alone. */
  async document(digest: string): Promise<Document | undefined> {
    const path = this.blobPath(digest);
    const status = await lstat(path).catch(() => undefined);
    if (!status?.isFile() || status.size > MAX_DOCUMENT_SIZE) return undefined;
    const descriptor = { mediaType: "", digest, size: status.size };
    const bytes = await this.get(descriptor);
    if (!bytes) return undefined;
    const mediaType = documentMediaType(bytes, null, digest);
    return { descriptor: { ...descriptor, mediaType }, bytes };
  }

  /** Whether an image of that name has been pulled before. */
  knows(name: string): Promise<boolean> {
    return this.#inIndex((text) => layoutNames(text).has(name));
  }

  /** The names of the images in it. */
  async names(): Promise<Set<string>> {
    return layoutNames(await readText(join(this.path, "index.json")));
  }

  /** The digest of the manifest that a name stands for. */
  tagged(name: string): Promise<string | undefined> {
    return this.#inIndex((text) => layoutManifest(text, name));
  }

  /**
   * Looks something up in `index.json`.
   *
   * @throws {StorageError} If it cannot be read, or is none: others may have
   * put into it what is to be had nowhere else.
   */
  async #inIndex<T>(read: (text: string | undefined) => T): Promise<T> {
    const path = join(this.path, "index.json");
    const text = await readText(path);
    try {
      return read(text);
    } catch (cause) {
      if (!(cause instanceof InvalidDocumentError)) throw cause;
      throw new StorageError("use", path, "malformed", { cause });
    }
  }

  /**
   * Takes over a blob of another layout, which is right: the same file under a
   * second name where that is possible and nobody else can change it, else a
   * copy. What is here already stays if it is right, too.
   *
   * @param source The other layout.
   * @throws {StorageError} If it can be had neither way.
   * @throws {ContentMismatchError} If somebody else's file is another by now.
   */
  async adopt(
    source: LayoutStore,
    descriptor: Descriptor,
    options: RightBlobOptions = {},
  ): Promise<void> {
    if (await this.#isOf(source, descriptor)) return;
    if (await this.isRight(descriptor, options)) return;
    const { algorithm, hex } = parseDigest(descriptor.digest);
    const from = source.blobPath(descriptor.digest);
    const to = this.blobPath(descriptor.digest);
    const temporary = join(this.path, INGEST, temporaryName(hex));
    await makeFolder(this.path, "blobs", algorithm);
    await inIngest(this.path, async () => {
      try {
        await takeOver(from, temporary, descriptor);
        await rename(temporary, to);
      } catch (error) {
        await rm(temporary, { force: true });
        if (error instanceof DockerPullError) throw error;
        throw storageError("write", this.path, error);
      }
    });
  }

  /** Whether a blob is the other layout's own, under a second name. */
  async #isOf(source: LayoutStore, { digest }: Descriptor): Promise<boolean> {
    const [here, there] = await Promise.all(
      [this, source].map((layout) =>
        lstat(layout.blobPath(digest), { bigint: true }).catch(() => undefined)
      ),
    );
    return here !== undefined && here.isFile() && here.ino === there?.ino &&
      here.dev === there.dev;
  }

  /** Whether a blob is there, and is what its name says. */
  isRight(
    descriptor: Descriptor,
    options: RightBlobOptions = {},
  ): Promise<boolean> {
    return isRightBlob(this.blobPath(descriptor.digest), descriptor, options);
  }

  /**
   * Has the disk hold blobs, before a name leads to them.
   *
   * @param verified Where is noted that they were verified.
   * @throws {StorageError} If it cannot.
   */
  async sync(
    descriptors: Descriptor[],
    verified?: VerifiedFiles,
  ): Promise<void> {
    const folders = new Set<string>();
    for (const descriptor of descriptors) {
      const path = this.blobPath(descriptor.digest);
      await syncBlob(path, descriptor, verified);
      folders.add(dirname(path));
    }
    for (const folder of folders) await syncFolder(folder);
  }

  /** Which files were verified: of layouts and archives that this fills. */
  get verified(): VerifiedFiles {
    return this.#verified ??= new VerifiedFiles({
      // Else another user could vouch for a file of his.
      read: () => readOwnText(join(this.path, VERIFIED)),
      replace: (text) => replaceFile(this.path, VERIFIED, text),
    }, this.#now);
  }

  /** Whether both are the same folder, by whatever path. */
  async isSame(other: LayoutStore): Promise<boolean> {
    const [here, there] = await Promise.all(
      [this, other].map(({ path }) => stat(path, { bigint: true })),
    );
    return here!.ino === there!.ino && here!.dev === there!.dev;
  }

  /** Removes what only the filling of the layout needs. */
  async tidy(): Promise<void> {
    await rmdir(join(this.path, INGEST)).catch(() => {}); // in use by another
  }

  /** Keeps a document, already verified, in place of a damaged one. */
  async put(document: Document): Promise<void> {
    const { descriptor, bytes } = document;
    if (await this.get(descriptor)) return;
    const { algorithm, hex } = parseDigest(descriptor.digest);
    await makeFolder(this.path, "blobs", algorithm);
    await replaceFile(this.path, join("blobs", algorithm, hex), bytes);
  }

  /** Removes a blob. */
  async remove(digest: string): Promise<void> {
    await rm(this.blobPath(digest), { force: true }).catch(() => {});
  }

  /**
   * Names a manifest in `index.json`, in place of what had that name and
   * platform before.
   *
   * @param name The full reference, such as `docker.io/library/nginx:latest`.
   * @param manifest The manifest's descriptor, with its platform.
   * @param options The name for loaders, where it is another.
   */
  async tag(
    name: string,
    manifest: Descriptor,
    options: IngestOptions & { imageName?: string } = {},
  ): Promise<void> {
    const lock = await this.#lock(
      join(this.path, INGEST, "index.lock"),
      options,
    );
    try {
      const { imageName } = options;
      const updated = await this.#inIndex((text) => {
        const updated = updateLayoutIndex(text, name, manifest, imageName);
        return updated === text ? undefined : updated;
      });
      if (updated !== undefined) {
        // Half of it would be no index, and an error from then on.
        await replaceFile(this.path, "index.json", updated, { sync: true });
      }
    } finally {
      await lock.release();
    }
  }
}

/**
 * Makes a folder of the layout, with those above it. A link in its place leads
 * to what is not ours to fill or to clear away.
 */
async function makeFolder(root: string, ...names: string[]): Promise<void> {
  let folder = root;
  for (const name of names) {
    folder = join(folder, name);
    await onDisk("write", root, () => makeFolders(folder));
    const status = await onDisk("write", root, () => lstat(folder));
    if (!status.isDirectory()) {
      throw noFolder(folder, status);
    }
  }
}

/** What is in the place of a folder. */
function noFolder(path: string, status: Stats): StorageError {
  const code = status.isSymbolicLink() ? "is-a-link" : "ENOTDIR";
  return new StorageError("write", path, code);
}

/** Makes the folder of what is on its way; another may remove it at once. */
async function makeIngest(root: string): Promise<void> {
  const folder = join(root, INGEST);
  await mkdir(folder).catch((error) => {
    if (systemCode(error) !== "EEXIST") {
      throw storageError("write", root, error);
    }
  });
  const status = await ifThere("write", root, () => lstat(folder));
  if (status && !status.isDirectory()) {
    throw noFolder(folder, status);
  }
}

/**
 * Does something in the folder of what is on its way. Whoever has filled the
 * same layout may have removed it, empty as it was, at any moment.
 */
async function inIngest<T>(root: string, task: () => Promise<T>): Promise<T> {
  for (let tries = 0;;) {
    try {
      return await task();
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      const made = await mkdir(join(root, INGEST)).then(
        () => true,
        () => false,
      );
      // It was there: another may have made it anew, or something else lacks.
      if (!made && ++tries > MOST_TRIES) throw error;
    }
  }
}

/** Writes a file elsewhere and renames it, so that none sees half of it. */
async function replaceFile(
  folder: string,
  name: string,
  content: string | Uint8Array,
  { sync = false } = {},
): Promise<void> {
  const path = join(folder, name);
  await inIngest(folder, async () => {
    const temporary = join(folder, INGEST, temporaryName(basename(name)));
    try {
      const handle = await open(temporary, "wx");
      try {
        await handle.writeFile(content);
        if (sync) await handle.datasync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw storageError("write", path, error);
    }
  });
  if (sync) await syncFolder(folder);
}
