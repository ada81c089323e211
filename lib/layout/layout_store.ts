/**
 * The cache: an OCI image layout on disk that any number of processes share.
 * Blobs are kept by digest, so all images share their layers.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md}
 */

import { lstat, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { verifyBytes } from "../image/digest.ts";
import { isSame } from "../disk/file_identity.ts";
import { makeFolders } from "../disk/folders.ts";
import { onDisk } from "../disk/io.ts";
import { openIfPlain, readText } from "../disk/plain_file.ts";
import { syncFolder } from "../disk/sync.ts";
import { VerifiedFiles } from "../disk/verified_files.ts";
import { DockerPullError, StorageError } from "../image/errors.ts";
import type { HeldImage } from "../image/held_image.ts";
import { OCI_LAYER_TAR } from "../image/media_types.ts";
import { documentMediaType, MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import type { Descriptor, Document } from "../image/types.ts";
import { BlobFolder } from "./blob_folder.ts";
import { diffIdsOf, type StoredLayer } from "./diff_ids.ts";
import {
  layoutEntries,
  layoutImages,
  layoutManifest,
  layoutNames,
} from "./layout_index.ts";
import {
  INGEST,
  type IngestOptions,
  makeFolder,
  makeIngest,
  recordIn,
  replaceFile,
} from "./layout_files.ts";
import { noteUse } from "./last_use.ts";
import {
  inLayoutIndex,
  noteInLayout,
  tagLayout,
  type TagOptions,
} from "./layout_names.ts";
import { isRightBlob, type RightBlobOptions, syncBlob } from "./right_blob.ts";
import { sweep } from "./sweep.ts";
import { takeOver } from "./take_over.ts";
import { LayoutUse } from "./uses.ts";

const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/** An OCI image layout that blobs are fetched into. */
export class LayoutStore extends BlobFolder {
  #verified: VerifiedFiles | undefined;
  readonly #now: (() => number) | undefined;
  #use: LayoutUse | undefined;

  private constructor(path: string, now?: () => number) {
    super(path);
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
      throw new StorageError("use", path, "layout-version");
    }
    await sweep(join(path, INGEST));
    return new LayoutStore(path, now);
  }

  /** The layout in a folder, if there is one. */
  static async find(path: string): Promise<LayoutStore | undefined> {
    const text = await readText(join(path, "oci-layout"));
    return text === undefined ? undefined : new LayoutStore(path);
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
    const lock = await this.lockBlob(descriptor, options);
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
    return inLayoutIndex(this.path, (text) => layoutNames(text).has(name));
  }

  /** The names of the images in it. */
  async names(): Promise<Set<string>> {
    return layoutNames(await readText(join(this.path, "index.json")));
  }

  /** The images in it, with all that they are called. */
  images(): Promise<HeldImage[]> {
    return inLayoutIndex(this.path, layoutImages);
  }

  /** All that its `index.json` names, with what is said of it there. */
  entries(): Promise<Descriptor[]> {
    return inLayoutIndex(this.path, layoutEntries);
  }

  /** The digest of the manifest that a name stands for. */
  tagged(name: string): Promise<string | undefined> {
    return inLayoutIndex(this.path, (text) => layoutManifest(text, name));
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
    const from = source.blobPath(descriptor.digest);
    await this.replaceBlob(
      descriptor,
      (path) => takeOver(from, path, descriptor),
    );
  }

  /**
   * Takes over a file of another's as a blob, which it is known to be: under a
   * second name where nobody else can change it, else as a copy.
   *
   * @throws {StorageError} If it can be had neither way.
   * @throws {ContentMismatchError} If somebody else's file is another by now.
   */
  async adoptFile(
    from: string,
    descriptor: Descriptor,
    options: RightBlobOptions = {},
  ): Promise<void> {
    if (await this.isRight(descriptor, options)) return;
    await this.replaceBlob(
      descriptor,
      (path) => takeOver(from, path, descriptor),
    );
  }

  /**
   * A blob that is a layer of that diffID, where its bytes were found to be: as
   * it is expanded, or compressed in any way.
   *
   * @param diffId The digest of the layer when expanded.
   * @returns The blob; nothing where there is none.
   */
  async byDiffId(diffId: string): Promise<Descriptor | undefined> {
    await this.hold([diffId]);
    const size = await this.sizeOf(diffId);
    if (size !== undefined) {
      return { mediaType: OCI_LAYER_TAR, digest: diffId, size };
    }
    const stored = (await diffIdsOf(this.path).read()).get(diffId);
    if (!stored) return undefined;
    await this.hold([stored.digest]);
    return await this.has(stored) ? stored : undefined;
  }

  /** Remembers which blobs are layers of which diffIDs, as their bytes say. */
  async learnDiffIds(
    found: ReadonlyMap<string, StoredLayer>,
    options: IngestOptions = {},
  ): Promise<void> {
    if (found.size > 0) await diffIdsOf(this.path).add(found, options);
  }

  /** Whether a blob is the other layout's own, under a second name. */
  async #isOf(source: LayoutStore, { digest }: Descriptor): Promise<boolean> {
    const [here, there] = await Promise.all(
      [this, source].map((layout) =>
        lstat(layout.blobPath(digest), { bigint: true }).catch(() => undefined)
      ),
    );
    return here !== undefined && here.isFile() && isSame(here, there);
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
    return this.#verified ??= new VerifiedFiles(
      // Whoever has written a layer is not to wait for others.
      recordIn(this.path, "verified"),
      this.#now,
    );
  }

  /** Whether both are the same folder, by whatever path. */
  async isSame(other: LayoutStore): Promise<boolean> {
    const [here, there] = await Promise.all(
      [this, other].map(({ path }) => stat(path, { bigint: true })),
    );
    return isSame(here!, there);
  }

  /**
   * Begins to use it: what is needed from here on is not cleared away by other
   * processes, until {@linkcode LayoutStore.end}.
   */
  async begin(options: IngestOptions = {}): Promise<void> {
    this.#use ??= await LayoutUse.begin(this.path, options);
  }

  /** Says which blobs are needed, before they are looked for. */
  async hold(
    digests: Iterable<string>,
    options: IngestOptions = {},
  ): Promise<void> {
    await this.#use?.hold(digests, options);
  }

  /** Nothing of it is needed any more. */
  async end(): Promise<void> {
    await this.#use?.end();
    this.#use = undefined;
  }

  /** Notes that an image was used now. */
  async noteUse(digest: string): Promise<void> {
    await noteUse(this.path, digest, this.#now?.());
  }

  /** Removes what only the filling of the layout needs. */
  async tidy(): Promise<void> {
    await rmdir(join(this.path, INGEST)).catch(() => {}); // in use by another
  }

  /** Keeps a document, already verified, in place of a damaged one. */
  async put(document: Document): Promise<void> {
    const { descriptor, bytes } = document;
    if (await this.get(descriptor)) return;
    await this.replaceBlob(descriptor, bytes);
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
    options: TagOptions = {},
  ): Promise<void> {
    await tagLayout(this.path, name, manifest, options);
  }

  /** Has `index.json` say what refers to what, beside the images. */
  async note(referrers: readonly Descriptor[]): Promise<void> {
    await noteInLayout(this.path, referrers);
  }
}
