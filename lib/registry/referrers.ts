/**
 * Asks a repository what refers to a digest: by the API for it, by the tag that
 * stands in for that, and by the tags of older versions of cosign.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers}
 */

import { digestBytes, parseDigest } from "../image/digest.ts";
import { parseIndex } from "../image/manifest.ts";
import { MAX_DOCUMENT_SIZE } from "../image/manifest.ts";
import {
  bareMediaType,
  isIndex,
  MANIFEST_ACCEPT,
  OCI_INDEX,
} from "../image/media_types.ts";
import { cosignTags, type ReferrerEntry } from "../image/referrer.ts";
import { referrersTag } from "../image/referrers_tag.ts";
import type { Descriptor } from "../image/types.ts";
import { discard } from "../net/body.ts";
import { describe, toDocument } from "./document.ts";
import type { Session } from "./session.ts";
import { nextPage } from "./tags.ts";

/** Nobody has more signatures than that; a registry that has, is up to something. */
const MAX_REFERRERS = 1_000;
/** More pages than that are a circle. */
const MAX_PAGES = 100;

/**
 * Lists what is said to refer to a digest; nothing of it is looked at yet.
 *
 * @throws {InvalidDigestError} If it is none.
 * @throws {InvalidDocumentError} If what the registry sends is no list.
 * @throws {NetworkError} If it cannot be reached.
 */
export async function listReferrers(
  session: Session,
  digest: string,
  signal?: AbortSignal,
): Promise<ReferrerEntry[]> {
  parseDigest(digest);
  const [listed, tagged] = await Promise.all([
    byApi(session, digest, signal).then((found) =>
      found ?? byTag(session, digest, signal)
    ),
    byCosignTags(session, digest, signal),
  ]);
  const seen = new Set([digest]);
  const entries = listed.map((descriptor): ReferrerEntry => ({
    descriptor,
    subject: digest,
  }));
  return [...entries, ...tagged].filter(({ descriptor }) =>
    !seen.has(descriptor.digest) && seen.add(descriptor.digest)
  ).slice(0, MAX_REFERRERS);
}

/** What the API lists; nothing where there is none. */
async function byApi(
  session: Session,
  digest: string,
  signal?: AbortSignal,
): Promise<Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let path: string | undefined = `referrers/${digest}`;
  for (let page = 0; path !== undefined && page < MAX_PAGES; page++) {
    const asked: string = path;
    const [list, next] = await session.http.retrying(
      session.url(asked),
      async (): Promise<[Descriptor[] | undefined, string | undefined]> => {
        const headers = { accept: OCI_INDEX };
        const exchange = await session.request(
          asked,
          { headers, signal },
          true,
        );
        const { response, redirected, url } = exchange;
        const { status } = response;
        const type = bareMediaType(response.headers.get("content-type") ?? "");
        if (!response.ok || type !== OCI_INDEX) {
          await discard(exchange);
          // A web page that was led to is no word of the registry's.
          const passes = !redirected && (status >= 500 || status === 429);
          if (passes) throw await session.http.toError(exchange);
          return [undefined, undefined];
        }
        const link = response.headers.get("link");
        const subject = `referrers of ${digest}`;
        const bytes = await session.http.read(
          exchange,
          MAX_DOCUMENT_SIZE,
          subject,
        );
        return [
          readList(bytes, digest),
          nextPage(link, url, session.url("")),
        ];
      },
      signal,
    );
    if (list === undefined) return page === 0 ? undefined : found;
    found.push(...list);
    if (found.length > MAX_REFERRERS) break;
    path = next;
  }
  return found;
}

/** What the index under the tag of the digest lists. */
async function byTag(
  session: Session,
  digest: string,
  signal?: AbortSignal,
): Promise<Descriptor[]> {
  const path = `manifests/${referrersTag(digest)}`;
  return await session.http.retrying(session.url(path), async () => {
    const headers = { accept: MANIFEST_ACCEPT };
    const exchange = await session.request(path, { headers, signal }, true);
    const { response } = exchange;
    if (!response.ok) {
      await discard(exchange);
      if (response.status >= 500 || response.status === 429) {
        throw await session.http.toError(exchange);
      }
      return [];
    }
    const type = response.headers.get("content-type");
    const subject = `referrers of ${digest}`;
    const bytes = await session.http.read(exchange, MAX_DOCUMENT_SIZE, subject);
    // There are registries that answer with what is referred to itself.
    const { algorithm } = parseDigest(digest);
    if (await digestBytes(bytes, algorithm) === digest) return [];
    const { descriptor } = await toDocument(bytes, type, referrersTag(digest));
    return isIndex(descriptor.mediaType) ? readList(bytes, digest) : [];
  }, signal);
}

function readList(
  bytes: Uint8Array<ArrayBuffer>,
  digest: string,
): Descriptor[] {
  const subject = `referrers of ${digest}`;
  const descriptor = {
    mediaType: OCI_INDEX,
    digest: subject,
    size: bytes.length,
  };
  return parseIndex({ descriptor, bytes }).manifests;
}

async function byCosignTags(
  session: Session,
  digest: string,
  signal?: AbortSignal,
): Promise<ReferrerEntry[]> {
  const found = await Promise.all(
    cosignTags(digest).map(async (tag): Promise<ReferrerEntry[]> => {
      const path = `manifests/${tag}`;
      const descriptor = await session.http.retrying(
        session.url(path),
        async () => {
          const headers = { accept: MANIFEST_ACCEPT };
          const options = { headers, signal };
          const head = await session.request(
            path,
            { ...options, method: "HEAD" },
            true,
          );
          await discard(head);
          const { status, ok } = head.response;
          if (status >= 500 || status === 429) {
            throw await session.http.toError(head);
          }
          if (!ok && status !== 405) return undefined;
          const told = describe(head.response, tag);
          if (told) return told;
          const exchange = await session.request(path, options, true);
          const { response } = exchange;
          if (!response.ok) {
            await discard(exchange);
            return undefined;
          }
          const type = response.headers.get("content-type");
          const bytes = await session.http.read(
            exchange,
            MAX_DOCUMENT_SIZE,
            tag,
          );
          return (await toDocument(bytes, type, tag)).descriptor;
        },
        signal,
      );
      return descriptor ? [{ descriptor, subject: digest, tag }] : [];
    }),
  );
  return found.flat();
}
