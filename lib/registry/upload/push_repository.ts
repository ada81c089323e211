/** One repository of one registry as a place to push to. */

import { type Reference, registryHost } from "../../image/reference.ts";
import type { Descriptor, Document } from "../../image/types.ts";
import { pushScopes } from "../auth/scopes.ts";
import { checkRepository } from "../checks.ts";
import { Session, SESSION_RULES, type SessionOptions } from "../session.ts";
import { BlobUpload } from "./blob_upload.ts";
import { ChunkSizes } from "./chunks.ts";
import {
  digestThere,
  putDocument,
  type PutOptions,
} from "./manifest_upload.ts";
import type { UploadRecords } from "./records.ts";
import { asPush } from "./refusals.ts";
import {
  isNoted,
  listsReferrers,
  noteReferrer,
  subjectOf,
} from "./referrers.ts";
import type { UploadShared } from "./shared.ts";

/** What the pushes to several repositories of a registry share. */
export interface PushShared {
  /** Where uploads are remembered that break off. */
  records?: UploadRecords;
  /** What is known of the parts that the registry takes. */
  chunks?: ChunkSizes;
  /** Other repositories of the registry, whose blobs are mounted. */
  mountFrom?: readonly string[];
}

/** A repository to push to. One object serves one push. */
export class PushRepository {
  /** Which. */
  readonly reference: Reference;
  readonly #shared: UploadShared;
  /** The notes of what refers to what are read and written one by one. */
  #notes: Promise<unknown> = Promise.resolve();

  /**
   * Sends nothing yet.
   *
   * @param reference Which registry and repository.
   * @param options How to ask.
   * @param shared What it shares with others of its registry.
   * @throws {TypeError} For an option that there is not.
   * @throws {RangeError} For a value that an option cannot have.
   */
  constructor(
    reference: Reference,
    options: SessionOptions,
    { records, mountFrom, chunks = new ChunkSizes() }: PushShared = {},
  ) {
    checkRepository(reference, options, SESSION_RULES);
    const { registry, repository } = reference;
    const { onEvent } = options;
    const session = new Session(
      registry,
      registryHost(registry),
      repository,
      options,
      pushScopes(repository, mountFrom),
    );
    this.reference = reference;
    this.#shared = { registry, repository, session, chunks, records, onEvent };
  }

  /**
   * The upload of a blob.
   *
   * @param signal Stops it, once the part under way is there; what the registry
   * has by then is remembered.
   * @param cut Breaks off that part, too.
   */
  blob(
    descriptor: Descriptor,
    signal?: AbortSignal,
    cut?: AbortSignal,
  ): BlobUpload {
    return new BlobUpload(this.#shared, descriptor, signal, cut);
  }

  /**
   * Says what a tag or a digest names there at this moment.
   *
   * @returns The digest; nothing where there is none, or it is not told.
   */
  async digest(
    name: string,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const { session } = this.#shared;
    return await session.http.retrying(
      session.url(`manifests/${name}`),
      () => digestThere(this.#shared, name, signal),
      signal,
    ).catch((error) => {
      throw asPush(this.#shared, error);
    });
  }

  /**
   * Says whether it is known there what a document refers to: whoever has put
   * it there may have been stopped before that was noted.
   *
   * @param document What refers to something else.
   */
  async notes(document: Document, signal?: AbortSignal): Promise<boolean> {
    const subject = subjectOf(document);
    if (subject === undefined) return true;
    const shared = this.#shared;
    return await listsReferrers(shared, subject, signal) ||
      await isNoted(shared, subject, document, signal);
  }

  /**
   * Puts a manifest or an index there, by tags or by its digest, unless it is
   * there. What it refers to as its subject is noted.
   *
   * @param document What.
   * @param names Tags, or its digest.
   * @returns Whether anything was sent.
   */
  async put(
    document: Document,
    names: readonly string[],
    options: PutOptions = {},
  ): Promise<boolean> {
    let sent = false;
    let noted = false;
    for (const name of names) {
      const done = await putDocument(this.#shared, document, name, options);
      sent ||= !done.there;
      noted ||= done.notesSubject;
    }
    const subject = subjectOf(document);
    if (subject === undefined || noted) return sent;
    // Where it was there, it may be noted.
    if (!sent && await listsReferrers(this.#shared, subject, options.signal)) {
      return sent;
    }
    const note = this.#notes.then(() =>
      noteReferrer(this.#shared, subject, document, options.signal)
    );
    this.#notes = note.catch(() => {});
    await note;
    return sent;
  }
}
