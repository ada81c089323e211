/**
 * One repository of one registry: its manifests, blobs and tags.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md}
 */

import type { CallOptions } from "../image/image_source.ts";
import { parseDigest, verifyBytes } from "../image/digest.ts";
import { InvalidDocumentError, NetworkError } from "../image/errors.ts";
import { MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import { checkRepository } from "./checks.ts";
import { isTag, type Reference, registryHost } from "../image/reference.ts";
import type { ReferrerEntry } from "../image/referrer.ts";
import type {
  BlobBody,
  Descriptor,
  Document,
  Fetcher,
  RangeOptions,
  Resolver,
} from "../image/types.ts";
import { BlobSource } from "./blob_source.ts";
import { discard } from "../net/body.ts";
import { inlineData } from "./document.ts";
import { ManifestSource } from "./manifest_source.ts";
import { Session, SESSION_RULES, type SessionOptions } from "./session.ts";
import { nextPage, parseTags } from "./tags.ts";

/** How {@linkcode Repository} is asked. */
export type RepositoryOptions = SessionOptions;

export type { CallOptions } from "../image/image_source.ts";

/** More tags than that are of no use to anyone. */
const MAX_TAGS = 100_000;
/** A small blob is waited for so many times the timeout at most. */
const MOST_PATIENCE = 10;

/**
 * A repository as its registry serves it. One object serves one pull: it
 * keeps the challenge, the token, and where the blobs' storage is.
 *
 * Methods that read documents try again by themselves after passing failures.
 * `fetchBlob()` does not: whoever reads its body knows how far it has come.
 *
 * @example
 * ```ts
 * import { createTransport, parseReference, Repository } from "@x/docker-pull";
 *
 * const transport = createTransport();
 * const repository = new Repository(parseReference("ghcr.io/owner/app:1"), {
 *   fetch: transport.fetch,
 * });
 * // const descriptor = await repository.resolve("1");
 * transport.close();
 * ```
 */
export class Repository implements Resolver, Fetcher {
  /** What was asked for; tag and digest play no part here. */
  readonly reference: Reference;
  /** The host that is asked, with its port where it is none of the usual. */
  readonly host: string;
  readonly #session: Session;
  readonly #blobs: BlobSource;
  readonly #manifests: ManifestSource;
  /** How long the first byte of a small blob is waited for. */
  #patience: number | undefined;

  /**
   * Sends nothing yet.
   *
   * @param reference Which registry and repository.
   * @param options How to ask.
   * @throws {TypeError} For an option that there is not.
   * @throws {RangeError} For a value that an option cannot have.
   */
  constructor(reference: Reference, options: RepositoryOptions) {
    checkRepository(reference, options, SESSION_RULES);
    const { registry, repository } = reference;
    const session = new Session(
      registry,
      registryHost(registry),
      repository,
      options,
    );
    this.reference = reference;
    this.host = session.host;
    this.#session = session;
    this.#manifests = new ManifestSource(session, registry, options.onEvent);
    this.#blobs = new BlobSource({
      http: session.http,
      registry,
      request: (digest, options) => session.request(`blobs/${digest}`, options),
      checkPlain: session.checkPlain,
      authorize: (url) => session.authorize(url),
      onEvent: options.onEvent,
    });
  }

  /**
   * Says what a tag or a digest names at this moment, by `HEAD` where the
   * registry answers that in full, which costs no quota.
   *
   * @param tagOrDigest The tag or the digest.
   * @param options How the call may be ended.
   * @returns Type, digest and size of the manifest or index.
   * @throws {RegistryError} If there is none, or a login is missing.
   * @throws {NetworkError} If the registry cannot be reached.
   */
  async resolve(
    tagOrDigest: string,
    options: CallOptions = {},
  ): Promise<Descriptor> {
    return await this.#manifests.resolve(tagOrDigest, options.signal);
  }

  /**
   * Fetches a manifest or an index, and verifies it.
   *
   * @param target A tag, a digest, or the descriptor of an index's entry.
   * @param options How the call may be ended.
   * @returns The document; its type is the one that it says itself, where the
   * registry gives a generic one.
   * @throws {ContentMismatchError} If the bytes are not those of the digest.
   * @throws {InvalidDocumentError} If it is malformed, ambiguous or too large.
   * @throws {UnsupportedMediaTypeError} If it is neither manifest nor index.
   * @throws {RegistryError} If there is none, or a login is missing.
   * @throws {NetworkError} If the registry cannot be reached.
   */
  async fetchManifest(
    target: string | Descriptor,
    options: CallOptions = {},
  ): Promise<Document> {
    return await this.#manifests.fetch(target, options.signal);
  }

  /**
   * Begins to fetch a blob, or a range of it, in a single try.
   *
   * The caller verifies the bytes, and decides about another try with
   * {@linkcode isRetryable} and {@linkcode retryDelay}; what the reading of
   * the body throws is the runtime's own, which {@linkcode toNetworkError}
   * translates. A range that the server ignores, or answers in a way that
   * cannot be believed, gives the whole blob, from offset 0.
   *
   * A layer that the registry does not hold is fetched from the descriptor's
   * `urls`, without any login. What the registry has at a storage of plain
   * HTTP comes from there, which is warned of.
   *
   * @param descriptor The blob.
   * @param options The range, and how the call may be ended.
   * @returns The bytes, unverified.
   * @throws {ContentMismatchError} If the blob there has another size.
   * @throws {RegistryError} If it is refused; 416 for a range that is none.
   * @throws {NetworkError} If no response comes.
   */
  async fetchBlob(
    descriptor: Descriptor,
    options: RangeOptions = {},
  ): Promise<BlobBody> {
    const { exchange, offset, partial } = await this.#blobs.open(
      descriptor,
      options,
    );
    const { response, url } = exchange;
    const body = response.body ??
      new ReadableStream({ start: (controller) => controller.close() });
    return { body, offset, partial, host: url.host };
  }

  /**
   * Fetches a blob that is a document, such as a configuration, and verifies
   * it.
   *
   * @param descriptor The blob; its inline `data` is taken where it has any.
   * @param options How the call may be ended.
   * @returns The document.
   * @throws {ContentMismatchError} If the bytes are not those of the digest.
   * @throws {InvalidDocumentError} If it has more than 4 MiB.
   * @throws {RegistryError} If it is refused.
   * @throws {NetworkError} If it cannot be reached.
   */
  async fetchSmallBlob(
    descriptor: Descriptor,
    options: CallOptions = {},
  ): Promise<Document> {
    const { signal } = options;
    const { digest, size } = descriptor;
    if (size > MAX_DOCUMENT_SIZE) {
      throw new InvalidDocumentError(
        `blob ${digest}`,
        { code: "too-large", size, limit: MAX_DOCUMENT_SIZE },
      );
    }
    if (descriptor.data !== undefined) {
      return { descriptor, bytes: await inlineData(descriptor) };
    }
    const url = this.#session.url(`blobs/${digest}`);
    const bytes = await this.#session.http.retrying(url, async () => {
      const { exchange } = await this.#openPatiently(descriptor, signal);
      const subject = `blob ${digest}`;
      const bytes = await this.#session.http.read(
        exchange,
        MAX_DOCUMENT_SIZE,
        subject,
      );
      await verifyBytes(bytes, descriptor);
      return bytes;
    }, signal);
    return { descriptor, bytes };
  }

  /**
   * A cache that has to fetch a blob itself first may need a while: each time
   * that was waited for in vain, it gets twice that.
   */
  async #openPatiently(descriptor: Descriptor, signal?: AbortSignal) {
    const { timeout } = this.#session.http;
    this.#patience ??= timeout;
    try {
      const waiting = { signal, timeout: this.#patience };
      return await this.#blobs.open(descriptor, waiting);
    } catch (error) {
      if (error instanceof NetworkError && error.kind === "timeout") {
        this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE * timeout);
      }
      throw error;
    }
  }

  /**
   * Asks whether the repository has a blob, by `HEAD`.
   *
   * @param digest Its digest.
   * @param options How the call may be ended.
   * @returns Whether it is there.
   * @throws {InvalidDigestError} If it is no digest.
   * @throws {NetworkError} If the registry cannot be reached.
   */
  async hasBlob(digest: string, options: CallOptions = {}): Promise<boolean> {
    parseDigest(digest);
    const { signal } = options;
    const path = `blobs/${digest}`;
    const exchange = await this.#session.request(
      path,
      { method: "HEAD", signal },
      true,
    );
    await discard(exchange);
    // A storage refuses a HEAD where the address is signed for a GET.
    return exchange.response.ok || exchange.redirected;
  }

  /**
   * Lists the repository's tags, the first 100,000 or so.
   *
   * @param options How the call may be ended.
   * @returns The tags in the registry's order; none where there are none.
   * @throws {RegistryError} If there is no such repository, or the registry
   * refuses to list it.
   * @throws {InvalidDocumentError} If what it sends is no list.
   * @throws {NetworkError} If it cannot be reached.
   */
  async tags(options: CallOptions = {}): Promise<string[]> {
    const { signal } = options;
    const tags = new Set<string>();
    let path: string | undefined = "tags/list?n=1000";
    while (path !== undefined && tags.size < MAX_TAGS) {
      const [page, next] = await this.#tagPage(path, signal);
      const before = tags.size;
      for (const tag of page) tags.add(tag);
      // A page without any new ones would not be the last one.
      path = tags.size > before ? next : undefined;
    }
    return [...tags];
  }

  /**
   * Lists what is said to refer to a digest, such as its signatures: by the
   * registry's API, by the tag that stands in for that, and by the tags of
   * older versions of cosign. Nothing of it is looked at.
   *
   * @param digest The digest.
   * @param options How the call may be ended.
   * @returns What there is, in the registry's order.
   * @throws {InvalidDigestError} If it is no digest.
   * @throws {InvalidDocumentError} If what the registry sends is no list.
   * @throws {NetworkError} If it cannot be reached.
   */
  async referrers(
    digest: string,
    options: CallOptions = {},
  ): Promise<ReferrerEntry[]> {
    const { listReferrers } = await import("./referrers.ts");
    return await listReferrers(this.#session, digest, options.signal);
  }

  async #tagPage(
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<[tags: string[], next: string | undefined]> {
    const { http } = this.#session;
    return await http.retrying(this.#session.url(path), async () => {
      const exchange = await this.#session.request(path, { signal });
      const link = exchange.response.headers.get("link");
      const bytes = await http.read(exchange, MAX_DOCUMENT_SIZE, "tags");
      const next = nextPage(link, exchange.url, this.#session.url(""));
      return [parseTags(bytes).filter(isTag), next];
    }, signal);
  }
}
