/**
 * The images of an archive, whoever wrote it: of OCI by its `index.json`, or
 * of Docker by its `manifest.json`. The latter have no manifest: it is made,
 * the same for the same archive, with the layers as they lie there.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md}
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 */

import { posix } from "node:path";
import { type Delta, deltaIn, lacksOf } from "../../image/delta.ts";
import { digestBytes, verifyBytes } from "../../image/digest.ts";
import { MAX_DOCUMENT_SIZE } from "../../image/document_fields.ts";
import { ArchiveError, ContentMismatchError } from "../../image/errors.ts";
import {
  type HeldImage,
  heldImage,
  indexedImage,
} from "../../image/held_image.ts";
import {
  documentMediaType,
  parseIndex,
  parseManifest,
} from "../../image/manifest.ts";
import { isIndex, OCI_INDEX } from "../../image/media_types.ts";
import { isReferrer } from "../../image/referrer.ts";
import type { ArchiveProblem } from "../../image/problems.ts";
import type { Descriptor, Document, FileRegion } from "../../image/types.ts";
import { blobName } from "../plan.ts";
import {
  type DockerEntry,
  MANIFEST,
  parseDockerEntries,
} from "./docker_manifest.ts";
import { digestOfName } from "./digest_of_name.ts";
import { describeDockerImage, type DockerImage } from "./docker_image.ts";
import {
  type ArchiveFiles,
  findFile,
  type HeldFile,
  readDocument,
} from "./files.ts";
import { openArchive, type OpenFilesOptions } from "./open_files.ts";

/** The file that names a layout's images. */
const INDEX = "index.json";
/** An index in an index in an index is enough. */
const MAX_DEPTH = 4;

/** By which of its documents an archive is read. */
export type ArchiveForm = "oci" | "docker";

/** How an archive's images are opened. */
export interface OpenImagesOptions extends OpenFilesOptions {
  /**
   * By which of its documents it is read.
   *
   * @default {undefined} By `index.json` where there is one.
   */
  form?: ArchiveForm;
}

/** Bytes of a blob that lie in a file of this machine. */
export interface HeldBlob {
  /** Where they lie. */
  region: FileRegion;
  /** How many there are. */
  size: number;
  /** Reads some at a position; returns how many there were. */
  read(bytes: Uint8Array<ArrayBuffer>, position: number): Promise<number>;
  /** Ends the reading. */
  close(): Promise<void>;
}

/** An archive that images are read from; to be closed. */
export class ArchiveImages {
  /** The path, as it was given. */
  readonly path: string;
  readonly #files: ArchiveFiles;
  readonly #twice: ReadonlySet<string>;
  readonly #images: HeldImage[] = [];
  #entries: readonly Descriptor[] = [];
  #delta: Delta | undefined;
  /** What has no digest in its name, and what was made. */
  readonly #names = new Map<string, string>();
  readonly #made = new Map<string, Document>();
  readonly #diffIds = new Map<string, string>();

  private constructor(path: string, files: ArchiveFiles) {
    this.path = path;
    this.#files = files;
    this.#twice = new Set(
      files.problems.flatMap(({ code, subject }) =>
        code === "duplicate" ? [subject] : []
      ),
    );
  }

  /**
   * Opens an archive, and finds out which images are in it.
   *
   * @throws {StorageError} If it cannot be read.
   * @throws {ArchiveError} If there are none, or it is not to be trusted.
   * @throws {InvalidDocumentError} If one of its documents is malformed.
   */
  static async open(
    path: string,
    options: OpenImagesOptions = {},
  ): Promise<ArchiveImages> {
    const files = await openArchive(path, options);
    try {
      const archive = new ArchiveImages(path, files);
      for (const { subject, fault } of files.problems) {
        if (fault.code === "outside") {
          throw archive.#error({ code: "outside", name: subject });
        }
        if (fault.code !== "twice") {
          throw archive.#error({ code: "truncated", fault });
        }
      }
      await archive.#read(options);
      return archive;
    } catch (error) {
      await files.close();
      throw error;
    }
  }

  /** The images, in the order in which it names them. */
  images(): Promise<HeldImage[]> {
    return Promise.resolve(this.#images);
  }

  /**
   * All that its `index.json` names, with what is said of it there; nothing
   * where it is read as Docker's.
   */
  entries(): Promise<readonly Descriptor[]> {
    return Promise.resolve(this.#entries);
  }

  /**
   * A manifest or an index by its digest, verified; nothing where it is not there.
   *
   * @throws {ContentMismatchError} If it is another by now.
   */
  async document(digest: string): Promise<Document | undefined> {
    const made = this.#made.get(digest);
    if (made) return made;
    const entry = this.#entryOf(digest);
    if (!entry || entry.size > MAX_DOCUMENT_SIZE) return undefined;
    const bytes = await readDocument(this.#files, entry);
    const descriptor = { mediaType: "", digest, size: entry.size };
    await verifyBytes(bytes, descriptor);
    const mediaType = documentMediaType(bytes, null, digest);
    return { descriptor: { ...descriptor, mediaType }, bytes };
  }

  /**
   * A blob by its digest; nothing where it is not there.
   *
   * @throws {ContentMismatchError} If it is there in another size.
   */
  blob(descriptor: Descriptor): Promise<HeldBlob | undefined> {
    return Promise.resolve().then(() => this.#blob(descriptor));
  }

  #blob(descriptor: Descriptor): HeldBlob | undefined {
    const { digest, size } = descriptor;
    const entry = this.#entryOf(digest);
    if (!entry) return undefined;
    if (entry.size !== size) {
      throw new ContentMismatchError(descriptor, { size: entry.size });
    }
    const { name } = entry;
    return {
      region: this.#files.region(name),
      size,
      read: (bytes, position) => this.#files.readInto(bytes, name, position),
      close: () => Promise.resolve(),
    };
  }

  /**
   * All that lies in it under a digest: where the bytes are and how many, or
   * the bytes of a manifest that was made. None of it is verified.
   */
  held(): Map<string, Pick<HeldBlob, "region" | "size"> | Document["bytes"]> {
    const all = new Map<
      string,
      Pick<HeldBlob, "region" | "size"> | Document["bytes"]
    >();
    const named = [...this.#files.entries.keys()].flatMap((name) =>
      name.startsWith("blobs/") ? digestOfName(name) ?? [] : []
    );
    for (const digest of [...named, ...this.#names.keys()]) {
      const entry = this.#entryOf(digest);
      if (!entry) continue;
      const region = this.#files.region(entry.name);
      all.set(digest, { region, size: entry.size });
    }
    for (const [digest, { bytes }] of this.#made) all.set(digest, bytes);
    return all;
  }

  /**
   * The digest of a layer's expanded bytes, where that was found out from them:
   * what a configuration only says is not told.
   */
  diffIdOf(digest: string): string | undefined {
    return this.#diffIds.get(digest);
  }

  /** What it lacks, where it says that it is a delta. */
  get delta(): Delta | undefined {
    return this.#delta;
  }

  /**
   * The digests of the configurations that its `manifest.json` names, which is
   * what Docker's graph drivers take; none where there is no such document.
   */
  async dockerConfigs(): Promise<Set<string>> {
    if (!this.#files.entries.has(MANIFEST)) return new Set();
    const list = parseDockerEntries(await this.#document(MANIFEST));
    return new Set(list.flatMap(({ Config }) => digestOfName(Config) ?? []));
  }

  /** Ends the reading. */
  close(): Promise<void> {
    return this.#files.close();
  }

  async #read({ form, signal }: OpenImagesOptions): Promise<void> {
    const { entries } = this.#files;
    const [oci, docker] = [entries.has(INDEX), entries.has(MANIFEST)];
    const indexed = oci ? await this.#indexed() : [];
    if (form !== "docker") this.#entries = indexed;
    if (form === "oci" && !oci) {
      throw this.#error({ code: docker ? "no-index" : "no-image" });
    }
    if (form === "docker" && !docker && oci) {
      throw this.#error({ code: "no-manifest-list" });
    }
    if (oci && form !== "docker") {
      const images = this.#entries.filter((entry) => !isReferrer(entry));
      this.#images.push(...images.map(indexedImage));
      return;
    }
    if (!docker) {
      const isOld = isBefore110(entries);
      throw this.#error({ code: isOld ? "before-1.10" : "no-image" });
    }
    const known = oci ? await this.#manifestsByConfig() : new Map();
    const list = parseDockerEntries(await this.#document(MANIFEST));
    for (const entry of list) {
      await this.#readDockerImage(entry, known, signal);
    }
  }

  async #readDockerImage(
    { Config, RepoTags, Layers }: DockerEntry,
    known: ReadonlyMap<string, Descriptor>,
    signal?: AbortSignal,
  ): Promise<void> {
    const config = await this.#document(Config);
    const digest = await digestBytes(config);
    // The manifest that it had in its registry is kept beside it.
    const own = known.get(digest);
    if (own) {
      this.#images.push(heldImage(own, RepoTags));
      return;
    }
    this.#names.set(digest, this.#file(Config).name);
    const image: DockerImage = await describeDockerImage({
      path: this.path,
      files: this.#files,
      config: { digest, bytes: config },
      layers: Layers.map((name) => this.#file(name)),
      signal,
    });
    const { manifest, names, diffIds } = image;
    this.#made.set(manifest.descriptor.digest, manifest);
    for (const [digest, name] of names) this.#names.set(digest, name);
    for (const [digest, id] of diffIds) this.#diffIds.set(digest, id);
    this.#images.push(heldImage(manifest.descriptor, RepoTags));
  }

  /** The entries of `index.json`. */
  async #indexed(): Promise<Descriptor[]> {
    const bytes = await this.#document(INDEX);
    const digest = INDEX;
    const descriptor = { mediaType: OCI_INDEX, digest, size: bytes.length };
    const { manifests } = parseIndex({ descriptor, bytes });
    this.#delta = deltaIn(bytes);
    return manifests;
  }

  /** The manifests that are there, by the configuration that each names. */
  async #manifestsByConfig(): Promise<Map<string, Descriptor>> {
    const found = new Map<string, Descriptor>();
    const seen = new Set<string>();
    const visit = async (descriptor: Descriptor, depth: number) => {
      const { digest } = descriptor;
      if (seen.has(digest) || depth > MAX_DEPTH) return;
      seen.add(digest);
      // Others of an index are often not there.
      if (!this.#entryOf(digest)) return;
      const document = await this.document(digest);
      if (!document) return;
      if (isIndex(document.descriptor.mediaType)) {
        for (const each of parseIndex(document).manifests) {
          await visit(each, depth + 1);
        }
      } else {
        const { config } = parseManifest(document);
        found.set(config.digest, document.descriptor);
      }
    };
    for (const descriptor of await this.#indexed()) await visit(descriptor, 0);
    return found;
  }

  #entryOf(digest: string): HeldFile | undefined {
    const name = this.#names.get(digest) ?? blobName(digest);
    return findFile(this.#files, name)?.entry;
  }

  async #document(name: string): Promise<Uint8Array<ArrayBuffer>> {
    return await readDocument(this.#files, this.#file(name));
  }

  /** A file that a document names. */
  #file(name: string): HeldFile {
    const found = findFile(this.#files, name);
    if (found) {
      // Of two, each loader takes another.
      if (this.#twice.has(found.entry.name)) {
        throw this.#error({ code: "duplicate", name: found.entry.name });
      }
      return found.entry;
    }
    const digest = digestOfName(posix.normalize(name));
    const lacks = digest && lacksOf(this.#delta, digest);
    if (lacks) throw this.#error(lacks);
    const link = this.#files.entries.get(posix.normalize(name));
    throw this.#error(
      link?.target === undefined
        ? { code: "missing-file", name }
        : { code: "bad-link", name, target: link.target },
    );
  }

  #error(problem: ArchiveProblem): ArchiveError {
    return new ArchiveError(this.path, problem);
  }
}

/** Docker's first archives have a folder for each layer, and `repositories`. */
export function isBefore110(entries: ReadonlyMap<string, HeldFile>): boolean {
  return entries.has("repositories") ||
    [...entries.keys()].some((name) =>
      /^[0-9a-f]{64}\/layer\.tar$/.test(name) &&
      entries.has(name.replace(/layer\.tar$/, "json"))
    );
}
