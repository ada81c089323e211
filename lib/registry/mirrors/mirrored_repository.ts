/**
 * A repository that can be had from several hosts: its registry, and mirrors
 * of that. Whatever a mirror sends counts only when its digest is right.
 */

import { DockerPullError } from "../../image/errors.ts";
import type { Reference } from "../../image/reference.ts";
import type {
  BlobBody,
  Descriptor,
  Document,
  RangeOptions,
} from "../../image/types.ts";
import { HttpClient } from "../../net/http.ts";
import type { ImageSource } from "../../image/image_source.ts";
import { forHost, MirroredBlobs } from "./blobs.ts";
import type { ReferrerEntry } from "../../image/referrer.ts";
import { judgeFailure } from "./failure.ts";
import { type MirrorOptions, openMirror, openOrigin } from "./options.ts";
import { Host } from "./host.ts";
import { Hosts, type Task } from "./hosts.ts";
import type { MirrorAddress } from "./url.ts";
import type { CallOptions } from "../repository.ts";

/** What a tag names, or what has been made of it already. */
type Found<T> = { descriptor: Descriptor } | { result: T };

/** How long the registry is waited for before mirrors are believed. */
const TAG_PATIENCE_MS = 5_000;

/**
 * A repository and its mirrors, asked in their order, healthy ones first. One
 * that fails is set aside for a while, and told of in a warning.
 *
 * A mirror sees no login but one that is kept for its own host.
 */
export class MirroredRepository implements ImageSource {
  readonly #trust: boolean;
  readonly #origin: Host;
  readonly #hosts: Hosts;
  readonly #http: HttpClient;
  readonly #blobs: MirroredBlobs;
  /** What the registry has said of tags, until it is made use of. */
  readonly #resolved = new Map<string, Descriptor>();

  /**
   * Sends nothing yet.
   *
   * @param reference Which registry and repository.
   * @param addresses The mirrors, in order.
   * @param options How to ask.
   */
  constructor(
    reference: Reference,
    addresses: readonly MirrorAddress[],
    options: MirrorOptions,
  ) {
    const { timeout = 30_000, trustMirrors = false, onEvent } = options;
    // The same host is tried again when all others have failed, too.
    const single = { ...options, retries: 0 };
    const origin = openOrigin(reference, single);
    this.#trust = trustMirrors;
    this.#http = new HttpClient(options);
    this.#origin = new Host(origin, reference.registry, true);
    this.#hosts = new Hosts([
      ...addresses.map((address) =>
        new Host(openMirror(address, reference, single), address.name, false)
      ),
      this.#origin,
    ], { now: this.#http.now, timeout, onEvent });
    this.#blobs = new MirroredBlobs(this.#hosts);
  }

  /**
   * Says what a tag or a digest names: by the word of the registry itself, or
   * of a mirror where that does not answer.
   */
  async resolve(
    tagOrDigest: string,
    options: CallOptions = {},
  ): Promise<Descriptor> {
    // A mirror's word on the size that goes with a digest may be wrong.
    if (tagOrDigest.includes(":")) {
      return (await this.#document(tagOrDigest, options)).descriptor;
    }
    return await this.#byTag(
      tagOrDigest,
      (descriptor) => {
        this.#resolved.set(tagOrDigest, descriptor);
        return Promise.resolve(descriptor);
      },
      ({ repository }, signal) => repository.resolve(tagOrDigest, { signal }),
      options,
    );
  }

  /** Fetches a manifest or an index, and verifies it. */
  async fetchManifest(
    target: string | Descriptor,
    options: CallOptions = {},
  ): Promise<Document> {
    if (typeof target === "object" && target.data !== undefined) {
      return await this.#origin.repository.fetchManifest(target, options);
    }
    if (typeof target === "object" || target.includes(":")) {
      return await this.#document(target, options);
    }
    const resolved = this.#resolved.get(target);
    this.#resolved.delete(target);
    if (resolved) return await this.#tagged(target, resolved, options);
    return await this.#byTag(
      target,
      (descriptor) => this.#tagged(target, descriptor, options),
      ({ repository }, signal) => repository.fetchManifest(target, { signal }),
      options,
    );
  }

  /**
   * Gets what the registry says a tag is. There are mirrors that know their
   * manifests by tags only, and registries, too; what a registry itself sends
   * of the tag counts, whatever it has said before.
   */
  #tagged(
    tag: string,
    { digest }: Descriptor,
    options: CallOptions,
  ): Promise<Document> {
    return this.#byDigest(digest, async (host, signal) => {
      const { repository, isOrigin } = host;
      if (isOrigin) return await repository.fetchManifest(tag, { signal });
      try {
        return await repository.fetchManifest(digest, { signal });
      } catch (error) {
        if (!judgeFailure(error)?.missing) throw error;
        const found = await repository.fetchManifest(tag, { signal })
          .catch(() => undefined);
        signal?.throwIfAborted();
        if (found?.descriptor.digest !== digest) throw error;
        return found;
      }
    }, options);
  }

  #document(
    target: string | Descriptor,
    options: CallOptions,
  ): Promise<Document> {
    return this.#byDigest(
      typeof target === "string" ? target : target.digest,
      ({ repository }, signal) => repository.fetchManifest(target, { signal }),
      options,
    );
  }

  /** Fetches a blob that is a document, and verifies it. */
  async fetchSmallBlob(
    descriptor: Descriptor,
    options: CallOptions = {},
  ): Promise<Document> {
    if (descriptor.data !== undefined) {
      return await this.#origin.repository.fetchSmallBlob(descriptor, options);
    }
    return await this.#byDigest(descriptor.digest, async (host, signal) => {
      const asked = forHost(host, descriptor);
      const { bytes } = await host.repository.fetchSmallBlob(asked, {
        signal,
      });
      return { descriptor, bytes };
    }, options);
  }

  /**
   * Begins to fetch a blob, or a range of it, in a single try of each host.
   *
   * @param descriptor The blob.
   * @param options The range, and how the call may be ended.
   * @returns The bytes, unverified.
   */
  fetchBlob(
    descriptor: Descriptor,
    options: RangeOptions = {},
  ): Promise<BlobBody> {
    return this.#blobs.fetch(descriptor, options);
  }

  /** Has a blob go on from another host after a body that broke off. */
  demote(body: BlobBody, error: unknown): boolean {
    return this.#blobs.demote(body, error);
  }

  /** Has a blob come from another host, as its bytes were wrong. */
  reject(descriptor: Descriptor): boolean {
    return this.#blobs.reject(descriptor);
  }

  /**
   * Lists the tags, as the registry says, or else the first mirror that has
   * any.
   *
   * @param options How the call may be ended.
   * @returns The tags; none where there are none.
   * @throws {DockerPullError} What the registry's refusal is, where no mirror
   * lists them either.
   */
  async tags(options: CallOptions = {}): Promise<string[]> {
    return await this.#byWord(
      ({ repository }, signal) => repository.tags({ signal }),
      options,
      // A cache knows of no more than it was asked for.
      (tags) => tags.length > 0,
    );
  }

  /**
   * Lists what is said to refer to a digest, as the registry says, or else the
   * first mirror that answers.
   *
   * @param digest The digest.
   * @param options How the call may be ended.
   */
  async referrers(
    digest: string,
    options: CallOptions = {},
  ): Promise<ReferrerEntry[]> {
    return await this.#byWord(
      ({ repository }, signal) => repository.referrers(digest, { signal }),
      options,
    );
  }

  /** Goes by what the registry says, or else the first mirror. */
  async #byWord<T>(
    ask: Task<T>,
    { signal }: CallOptions,
    isOfUse: (word: T) => boolean = () => true,
  ): Promise<T> {
    let refusal: unknown;
    for (const host of [this.#origin, ...this.#mirrors]) {
      try {
        const word = await this.#hosts.askOne(
          host,
          ask,
          TAG_PATIENCE_MS,
          signal,
        );
        if (host.isOrigin || isOfUse(word)) return word;
      } catch (error) {
        signal?.throwIfAborted();
        if (host.isOrigin) refusal = error;
      }
    }
    throw refusal;
  }

  get #mirrors(): Host[] {
    return this.#hosts.ordered().filter(({ isOrigin }) => !isOrigin);
  }

  #retrying<T>(task: () => Promise<T>, { signal }: CallOptions): Promise<T> {
    const url = `https://${this.#origin.repository.host}/`;
    const mayPass = (error: unknown) => this.#hosts.mayPass(error);
    return this.#http.retrying(url, task, signal, mayPass);
  }

  #byDigest<T>(
    digest: string,
    task: Task<T>,
    options: CallOptions,
  ): Promise<T> {
    return this.#retrying(
      () =>
        this.#hosts.ask(this.#hosts.ordered(digest), task, {
          ...options,
          digest,
        }),
      options,
    );
  }

  /**
   * Goes by what the registry says of a tag; and where it says nothing, by
   * what the mirrors do.
   */
  async #byTag<T>(
    tag: string,
    settle: (descriptor: Descriptor) => Promise<T>,
    ask: Task<T>,
    options: CallOptions,
  ): Promise<T> {
    if (this.#trust) {
      return await this.#retrying(
        () => this.#hosts.ask(this.#hosts.ordered(), ask, options),
        options,
      );
    }
    const found = await this.#retrying(async (): Promise<Found<T>> => {
      const error = await this.#askOrigin(tag, options);
      if (!(error instanceof DockerPullError)) return { descriptor: error };
      const failures = [{ host: this.#origin, error }];
      let believed = "";
      const result = await this.#hosts.ask(this.#mirrors, (host, signal) => {
        believed = host.name;
        return ask(host, signal);
      }, { ...options, failures });
      this.#hosts.warn("word", {
        code: "mirror-believed",
        registry: this.#origin.name,
        fault: judgeFailure(error)!.fault,
        tag,
        mirror: believed,
      });
      return { result };
    }, options);
    return "result" in found ? found.result : await settle(found.descriptor);
  }

  /** What the registry says of a tag, or why it says nothing. */
  async #askOrigin(
    tag: string,
    { signal }: CallOptions,
  ): Promise<Descriptor | DockerPullError> {
    try {
      const descriptor = await this.#hosts.askOne(
        this.#origin,
        ({ repository }, signal) => repository.resolve(tag, { signal }),
        TAG_PATIENCE_MS,
        signal,
      );
      this.#origin.succeed();
      return descriptor;
    } catch (error) {
      signal?.throwIfAborted();
      const failure = judgeFailure(error);
      // That there is no such tag is a response, too.
      if (!failure || failure.missing) throw error;
      this.#hosts.note(this.#origin, failure);
      return error as DockerPullError;
    }
  }
}
