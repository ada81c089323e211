/**
 * Puts manifests and indexes into a repository, under a tag or their digest.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests}
 */

import { RegistryError, UploadError } from "../../image/errors.ts";
import { parseManifest } from "../../image/manifest.ts";
import type { UploadProblem } from "../../image/problems.ts";
import { isIndex, MANIFEST_ACCEPT } from "../../image/media_types.ts";
import type { Document } from "../../image/types.ts";
import { discard } from "../../net/body.ts";
import { digestOf, isPage } from "./answers.ts";
import { documentContent } from "./content.ts";
import { asPush, refusal } from "./refusals.ts";
import type { UploadShared } from "./shared.ts";

/** How a document is put. */
export interface PutOptions {
  /** Ends it. */
  signal?: AbortSignal;
  /** Whether to put it even where it is there. */
  always?: boolean;
}

/** What became of a document. */
export interface PutOutcome {
  /** Whether it was there already, by that name. */
  there: boolean;
  /** Whether the registry notes whom it refers to by itself. */
  notesSubject: boolean;
}

/** Words for a tag that may not be moved; the statuses are many. */
const FIXED = /immutab|overwrit|already exists|cannot be (?:moved|changed)/i;
/** Statuses for a document that is not taken as it is. */
const UNFIT = new Set([400, 406, 415, 422]);

/**
 * Puts a manifest or an index, unless it is there. All that it names must be.
 *
 * @param name A tag, or the document's digest.
 * @throws {UploadError} If the registry does not take it.
 * @throws {RegistryError} If it refuses the login.
 * @throws {NetworkError} If it cannot be reached.
 */
export async function putDocument(
  shared: UploadShared,
  document: Document,
  name: string,
  { signal, always = false }: PutOptions = {},
): Promise<PutOutcome> {
  const { session, repository, registry } = shared;
  const { mediaType, digest } = document.descriptor;
  const path = `manifests/${name}`;
  const putting = session.http.retrying(session.url(path), async () => {
    if (!always && await digestThere(shared, name, signal) === digest) {
      return { there: true, notesSubject: false };
    }
    const fail = (problem: UploadProblem, cause?: unknown) =>
      new UploadError(registry, repository, problem, { cause });
    let response: Response;
    try {
      const content = documentContent(document);
      const { size } = document.descriptor;
      const exchange = await session.request(path, {
        method: "PUT",
        headers: { "content-type": mediaType },
        body: { size, open: () => content.open(0, size) },
        asked: { kind: "push", registry, repository },
        signal,
      });
      await discard(exchange);
      response = exchange.response;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const { status, words } = error;
      const foreign = foreignLayer(document);
      const takesNone = () =>
        fail({ code: "foreign-refused", digest: foreign!, words }, error);
      // Distribution says so with 500, which would be tried again and again.
      if (foreign && status === 500 && lacksParts(error)) throw takesNone();
      if (status >= 400 && status < 500 && status !== 401 && status !== 429) {
        const actual = await digestThere(shared, name, signal)
          .catch(() => undefined);
        if (actual === digest) return { there: true, notesSubject: false };
        const fixed = status === 409 || status === 412 || FIXED.test(words);
        if (fixed && !name.includes(":")) {
          throw fail({ code: "tag-fixed", tag: name, digest, actual }, error);
        }
        if (isIndex(mediaType) && lacksParts(error)) {
          throw fail({ code: "index-incomplete", digest }, error);
        }
        if (foreign && UNFIT.has(status)) throw takesNone();
        if (UNFIT.has(status)) {
          throw fail({ code: "manifest-refused", mediaType, words }, error);
        }
      }
      throw refusal(shared, error, document.descriptor);
    }
    if (isPage(response)) throw fail({ code: "no-registry" });
    const actual = digestOf(response);
    if (actual !== undefined && actual !== digest) {
      throw fail({ code: "other-digest", digest, actual });
    }
    const notesSubject = response.headers.has("oci-subject");
    return { there: false, notesSubject };
  }, signal);
  return await putting.catch((error) => {
    throw asPush(shared, error);
  });
}

/** The first layer of a manifest that names addresses of its own. */
function foreignLayer(document: Document): string | undefined {
  if (isIndex(document.descriptor.mediaType)) return undefined;
  return parseManifest(document).layers.find(({ urls }) => urls?.length)
    ?.digest;
}

/** Whether something is missing there that an index lists. */
function lacksParts({ errors }: RegistryError): boolean {
  return errors.some(({ code }) =>
    code === "MANIFEST_BLOB_UNKNOWN" || code === "MANIFEST_UNKNOWN"
  );
}

/** The digest of what a tag or a digest names; nothing where that is not told. */
export async function digestThere(
  { session }: UploadShared,
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const path = `manifests/${name}`;
  const exchange = await session.request(
    path,
    { method: "HEAD", headers: { accept: MANIFEST_ACCEPT }, signal },
    true,
  );
  await discard(exchange);
  const { response } = exchange;
  if (response.status >= 500) throw await session.http.toError(exchange);
  if (!response.ok || isPage(response)) return undefined;
  // By its digest, nothing else can be there.
  return digestOf(response) ?? (name.includes(":") ? name : undefined);
}
