/**
 * The shapes that the rest of the library is built on: the OCI documents as
 * the image-spec writes them, and the seams between a registry, a cache and
 * an archive, each an interface of one to three methods.
 */

/**
 * The machine that an image is for, as in an index entry.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md}
 */
export interface Platform {
  /** The operating system, as Go's `GOOS` spells it: `linux`, `windows`. */
  os: string;
  /** The processor, as Go's `GOARCH` spells it: `amd64`, `arm64`, `arm`. */
  architecture: string;
  /** The processor's variant: `v7` of `arm`, `v8` of `arm64`. */
  variant?: string;
  /** The operating system's version, on Windows. */
  "os.version"?: string;
  /** Features that the operating system must have, on Windows. */
  "os.features"?: string[];
}

/**
 * Names bytes by type, size and digest.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md}
 */
export interface Descriptor {
  /** The media type of the bytes. */
  mediaType: string;
  /** The digest of the bytes as stored: `sha256:` and 64 hex digits. */
  digest: string;
  /** The number of bytes as stored. */
  size: number;
  /** Other places where the bytes may be had, for a foreign layer. */
  urls?: string[];
  /** Free metadata. */
  annotations?: Record<string, string>;
  /** The machine that the described image is for; in an index only. */
  platform?: Platform;
  /** The bytes themselves, in base64. */
  data?: string;
  /** The type of an artifact that is no image. */
  artifactType?: string;
}

/**
 * An image for one platform.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md}
 */
export interface Manifest {
  /** Always 2. */
  schemaVersion: 2;
  /** The media type of this document. */
  mediaType?: string;
  /** The image's configuration, a JSON blob. */
  config: Descriptor;
  /** The layers, lowest first. */
  layers: Descriptor[];
  /** The type of an artifact that is no image. */
  artifactType?: string;
  /** Free metadata. */
  annotations?: Record<string, string>;
}

/**
 * A list of manifests, one for each platform. Docker calls it a manifest list.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md}
 */
export interface Index {
  /** Always 2. */
  schemaVersion: 2;
  /** The media type of this document. */
  mediaType?: string;
  /** The manifests, or further indexes. */
  manifests: Descriptor[];
  /** Free metadata. */
  annotations?: Record<string, string>;
}

/**
 * What this library reads of an image's configuration.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md}
 */
export interface ImageConfig extends Platform {
  /** The layers by the digest of their uncompressed bytes, lowest first. */
  rootfs: { type: string; diff_ids: string[] };
  /** When the image was made, in RFC 3339. */
  created?: string;
}

/** What `fetch` is to this library; injected, so that tests and tunnels can be. */
export type Fetch = (
  url: string,
  init?: FetchInit,
) => Promise<Response>;

/** What a {@linkcode Fetch} is told of a request. */
export interface FetchInit extends RequestInit {
  /**
   * Where the response's body is wanted. This library's own transport sends the
   * request from there where it can; any other may pay no heed to it.
   *
   * @internal
   */
  thread?: FetchThread;
  /**
   * Gives a `body` that is a stream once more, where the connection that was
   * picked for it turns out to have been closed.
   *
   * @internal
   */
  reopen?: () => ReadableStream<Uint8Array>;
}

/** A thread that can send requests. */
export interface FetchThread {
  /**
   * Sends a request from the thread. The response's body stays there until it
   * is read here.
   *
   * @param url The address.
   * @param init The request.
   * @param settings What the runtime's `fetch` takes for the connection.
   */
  fetch(
    url: string,
    init: FetchInit,
    settings: Record<string, unknown>,
  ): Promise<Response>;
}

/** A document as it was served, with what it is known by. */
export interface Document {
  /** Type, digest and size of the bytes. */
  descriptor: Descriptor;
  /** The bytes, unchanged. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** Which bytes of a blob are asked for. */
export interface RangeOptions {
  /**
   * The first byte.
   *
   * @default {0}
   */
  offset?: number;
  /** One past the last byte; without it, to the blob's end. */
  end?: number;
  /** Ends the request and its body. */
  signal?: AbortSignal;
  /**
   * Milliseconds to wait for a response, of this request alone; `Infinity`
   * leaves that to the signal.
   */
  timeout?: number;
  /**
   * Where the body is wanted; it may come here all the same.
   *
   * @internal
   */
  thread?: FetchThread;
}

/** Bytes of a blob on their way. */
export interface BlobBody {
  /** The bytes, not yet verified. */
  body: ReadableStream<Uint8Array>;
  /** Where they begin, which is 0 where the server ignored the range. */
  offset: number;
  /** Whether the server answered the range that was asked for. */
  partial: boolean;
  /** The host that the bytes come from, after redirects. */
  host: string;
}

/** Gives the bytes of a blob: a repository or a mirror. */
export interface Fetcher {
  /** Begins to send the blob's bytes, or the asked range of them. */
  fetchBlob(descriptor: Descriptor, options?: RangeOptions): Promise<BlobBody>;
  /**
   * Told that a body broke off, stalled, or was ended for being slow, so that
   * the next one may come from another place.
   *
   * @returns Whether it will, so that there is no need to wait before it.
   */
  demote?(body: BlobBody, error: unknown): boolean;
  /**
   * Told that the bytes which were sent of a blob are not those of its digest,
   * so that they come from another place next time.
   *
   * @returns Whether there is a place that has not sent wrong ones yet.
   */
  reject?(descriptor: Descriptor): boolean;
}

/** Says what a tag or a digest names at this moment. */
export interface Resolver {
  /** The descriptor of the manifest or index behind a tag or a digest. */
  resolve(
    tagOrDigest: string,
    options?: { signal?: AbortSignal },
  ): Promise<Descriptor>;
}

/** A part of a file, which another thread can write by itself. */
export interface FileRegion {
  /** The file's path. */
  path: string;
  /**
   * The file's device and inode as `fstat` tells them, where they tell files
   * apart: another one that has come to the path is not meant.
   */
  identity: [device: number, inode: number] | undefined;
  /** Where in the file the part begins, in bytes. */
  offset: number;
  /** Whether it can be written. */
  writable: boolean;
  /** What an error names. */
  subject: string;
}

/**
 * A place for one blob's bytes, which come in any order. It never learns of
 * `commit` before all of them are there and agree with the digest.
 */
export interface BlobSink {
  /** Where the bytes lie, if that is in a file. */
  readonly region?: FileRegion;
  /** Told of bytes of the blob that another thread has put there. */
  wrote?(start: number, end: number): void;
  /** Puts bytes at a position of the blob. */
  write(bytes: Uint8Array, position: number): void | Promise<void>;
  /** The bytes are verified: keep them. */
  commit(): void | Promise<void>;
  /** The bytes are wrong or not wanted: forget them. */
  discard(): void | Promise<void>;
  /** Ends the work for now; what is there may be kept for a later run. */
  close?(): void | Promise<void>;
}

/** A {@linkcode BlobSink} that tells what it has and gives it back. */
export interface ReadableSink extends BlobSink {
  /** Which bytes are there, those of an earlier run included. */
  readonly present: { readonly ranges: [start: number, end: number][] };
  /** Reads bytes at a position of the blob; returns how many there were. */
  read(bytes: Uint8Array, position: number): Promise<number>;
}

/** A login. Every form is a secret. */
export type Credential =
  | { kind: "basic"; username: string; password: string }
  | { kind: "identity-token"; token: string; username?: string }
  | { kind: "registry-token"; token: string };

/** A login and where it was found, which may be told to the user. */
export interface FoundCredential {
  /** The login. */
  credential: Credential;
  /** Where it comes from, such as `~/.docker/config.json`. */
  source: string;
}

/**
 * Looks up the login for a repository, such as `ghcr.io/owner/app`
 * (`docker.io/library/nginx` for Docker Hub).
 */
export type CredentialProvider = (
  registry: string,
  repository: string,
) => Promise<FoundCredential | undefined>;
