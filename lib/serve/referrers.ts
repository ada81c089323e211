/**
 * What refers to a manifest: signatures, attestations and the like.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers}
 */

import type { Repository } from "./repository.ts";
import { ProblemError } from "../image/errors.ts";
import { documentMediaType, MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import { isIndex, OCI_INDEX } from "../image/media_types.ts";
import type { Descriptor } from "../image/types.ts";
import { type Answer, textAnswer } from "./answer.ts";
import type { Catalog } from "./catalog.ts";
import { validDigest } from "./conditions.ts";
import type { Documents } from "./documents.ts";
import type { Contents } from "./shelf.ts";

/** A manifest or an index that refers to another. */
interface Referrer {
  /** The digest that it refers to. */
  subject: string;
  /** As it is listed. */
  descriptor: Descriptor;
}

/** Finds them among all that there is, whether or not an index lists them. */
export class Referrers {
  readonly #documents: Documents;
  /** What has been looked at: digests never change their meaning. */
  readonly #seen = new Map<string, Referrer | undefined>();

  /** Reads nothing yet. */
  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /**
   * Lists those of a manifest; none where there is no such repository, as the
   * spec has it that this is never answered by 404.
   *
   * @throws {Refusal} If it is asked for by what is no digest.
   */
  async answer(
    { contents }: Catalog,
    home: Repository | undefined,
    text: string,
    query: URLSearchParams,
  ): Promise<Answer> {
    const subject = validDigest(text);
    const type = query.get("artifactType");
    // What refers to another repository's manifest is none of this one's.
    const isHere = home?.documents.has(subject);
    const all = home ? await this.#of(contents, subject) : [];
    const manifests = all.filter(({ digest, artifactType }) =>
      (isHere || home?.documents.has(digest)) &&
      (type === null || artifactType === type)
    );
    return textAnswer(
      200,
      OCI_INDEX,
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
      type === null ? {} : { "oci-filters-applied": "artifactType" },
    );
  }

  async #of(contents: Contents, subject: string): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for (const digest of (await contents.digests()).sort()) {
      if (!this.#seen.has(digest)) {
        const looked = await this.#look(contents, digest);
        if (looked === "gone") continue;
        this.#seen.set(digest, looked);
      }
      const referrer = this.#seen.get(digest);
      if (referrer?.subject === subject) found.push(referrer.descriptor);
    }
    return found;
  }

  async #look(
    contents: Contents,
    digest: string,
  ): Promise<Referrer | undefined | "gone"> {
    const stored = await contents.find(digest);
    if (!stored) return "gone";
    if (stored.size > MAX_DOCUMENT_SIZE) return undefined;
    const bytes = await this.#documents.read(contents, digest);
    if (!bytes) return "gone";
    // Most of what there is are layers and configurations.
    if (bytes[0] !== 0x7b || !includes(bytes, '"subject"')) return undefined;
    try {
      return referrerOf(bytes, digest);
    } catch (error) {
      if (error instanceof ProblemError) return undefined;
      throw error;
    }
  }
}

function includes(bytes: Uint8Array, text: string): boolean {
  return new TextDecoder().decode(bytes).includes(text);
}

function referrerOf(
  bytes: Uint8Array<ArrayBuffer>,
  digest: string,
): Referrer | undefined {
  const mediaType = documentMediaType(bytes, null, digest);
  const fields = JSON.parse(new TextDecoder().decode(bytes));
  const subject: unknown = fields.subject?.digest;
  if (typeof subject !== "string") return undefined;
  const descriptor: Descriptor = { mediaType, digest, size: bytes.length };
  const type: unknown = fields.artifactType ||
    (isIndex(mediaType) ? undefined : fields.config?.mediaType);
  if (typeof type === "string") descriptor.artifactType = type;
  const { annotations } = fields;
  if (annotations && typeof annotations === "object") {
    descriptor.annotations = annotations;
  }
  return { subject, descriptor };
}
