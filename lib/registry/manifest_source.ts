/** Where a repository's manifests and indexes come from. */

import { isSchema1, schema1 } from "../image/document_type.ts";
import { RegistryError } from "../image/errors.ts";
import type { OnEvent } from "../image/events.ts";
import { MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import { MANIFEST_ACCEPT, MANIFEST_TYPES } from "../image/media_types.ts";
import type { Descriptor, Document } from "../image/types.ts";
import { discard } from "../net/body.ts";
import {
  asAnnounced,
  checkTagOrDigest,
  describe,
  inlineData,
  toDocument,
} from "./document.ts";
import { FEW_PULLS, readRateLimit } from "./rate_limit.ts";
import type { Session } from "./session.ts";

/** A document as it came. */
interface Served {
  bytes: Uint8Array<ArrayBuffer>;
  /** Its Content-Type. */
  type: string | null;
}

/** Documents are small and few; they are kept so that none is fetched twice. */
const MAX_KEPT = 8;

/** Resolves tags and fetches documents, with as few requests as possible. */
export class ManifestSource {
  readonly #session: Session;
  readonly #registry: string;
  readonly #onEvent: OnEvent | undefined;
  /** By digest. */
  readonly #documents = new Map<string, Document>();
  /** What a tag was found to be, when to say so took fetching it. */
  readonly #resolved = new Map<string, Document>();
  #warned = false;
  /** Whether it reads no list of types, as distribution did not until 2.6. */
  #singly = false;

  /**
   * Asks for nothing yet.
   *
   * @param session What sends and logs in.
   * @param registry The registry's name, for warnings.
   * @param onEvent Takes a warning where few pulls are left.
   */
  constructor(session: Session, registry: string, onEvent?: OnEvent) {
    this.#session = session;
    this.#registry = registry;
    this.#onEvent = onEvent;
  }

  /**
   * Says what a tag or a digest names.
   *
   * @param tagOrDigest The tag or the digest.
   * @param signal Ends the call.
   * @returns Type, digest and size of the manifest or index.
   */
  async resolve(
    tagOrDigest: string,
    signal?: AbortSignal,
  ): Promise<Descriptor> {
    checkTagOrDigest(tagOrDigest);
    const known = this.#documents.get(tagOrDigest);
    if (known) return known.descriptor;
    const path = `manifests/${tagOrDigest}`;
    const session = this.#session;
    const described = await session.http.retrying(
      session.url(path),
      async () => {
        const options = { method: "HEAD", headers: ACCEPT, signal } as const;
        const exchange = await session.request(path, options, true);
        await discard(exchange);
        this.#watchRateLimit(exchange.response);
        return exchange.response.ok
          ? describe(exchange.response, tagOrDigest)
          : undefined;
      },
      signal,
    );
    // Whatever HEAD lacks, the words of a refusal included, GET has.
    if (described) return described;
    const document = await this.fetch(tagOrDigest, signal);
    this.#resolved.set(tagOrDigest, document);
    return document.descriptor;
  }

  /**
   * Fetches a manifest or an index, and verifies it.
   *
   * @param target A tag, a digest, or the descriptor of an index's entry.
   * @param signal Ends the call.
   * @returns The document.
   */
  async fetch(
    target: string | Descriptor,
    signal?: AbortSignal,
  ): Promise<Document> {
    const announced = typeof target === "string" ? undefined : target;
    const name = typeof target === "string" ? target : target.digest;
    checkTagOrDigest(name);
    const kept = this.#documents.get(name) ?? this.#resolved.get(name);
    // What a tag is may be another thing the next time.
    this.#resolved.delete(name);
    if (kept) return asAnnounced(kept, announced);
    if (announced?.data !== undefined) {
      const bytes = await inlineData(announced);
      return this.#keep(await toDocument(bytes, null, target));
    }
    const { http } = this.#session;
    const url = this.#session.url(`manifests/${name}`);
    return await http.retrying(url, async () => {
      const { bytes, type } = await this.#get(name, announced, signal);
      return this.#keep(await toDocument(bytes, type, target));
    }, signal);
  }

  /** Gets a document; of a registry that takes one wish at a time, so. */
  async #get(
    name: string,
    announced: Descriptor | undefined,
    signal?: AbortSignal,
  ): Promise<Served> {
    if (!this.#singly) {
      const served = await this.#ask(name, MANIFEST_ACCEPT, signal);
      if (!isSchema1(served.bytes)) return served;
      this.#singly = true;
    }
    const types = MANIFEST_TYPES.toSorted((a, b) =>
      Number(b === announced?.mediaType) - Number(a === announced?.mediaType)
    );
    let refusal: RegistryError | undefined;
    for (const type of types) {
      try {
        const served = await this.#ask(name, type, signal);
        if (!isSchema1(served.bytes)) return served;
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        if (error.status !== 404 && error.status !== 406) throw error;
        refusal = error;
      }
    }
    throw refusal ?? schema1();
  }

  async #ask(
    name: string,
    accept: string,
    signal?: AbortSignal,
  ): Promise<Served> {
    const exchange = await this.#session.request(`manifests/${name}`, {
      headers: { accept },
      signal,
    });
    const { response } = exchange;
    const subject = `manifest ${name}`;
    const { http } = this.#session;
    const bytes = await http.read(exchange, MAX_DOCUMENT_SIZE, subject);
    this.#watchRateLimit(response);
    return { bytes, type: response.headers.get("content-type") };
  }

  #keep(document: Document): Document {
    if (this.#documents.size < MAX_KEPT) {
      this.#documents.set(document.descriptor.digest, document);
    }
    return document;
  }

  #watchRateLimit({ headers }: Response): void {
    const limit = readRateLimit(headers);
    if (this.#warned || !limit || limit.remaining >= FEW_PULLS) return;
    this.#warned = true;
    this.#onEvent?.({
      type: "warning",
      warning: { code: "rate-limit", registry: this.#registry, ...limit },
    });
  }
}

const ACCEPT = { accept: MANIFEST_ACCEPT };
