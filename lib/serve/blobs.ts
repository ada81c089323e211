/** Answers requests for blobs. */

import type { Repository } from "./repository.ts";
import { type Answer, type Asked, errorAnswer, Refusal } from "./answer.ts";
import type { Catalog } from "./catalog.ts";
import { contentHeaders, isKnown, partOf, validDigest } from "./conditions.ts";
import type { Damage } from "./damage.ts";
import { FileBody } from "./file_body.ts";
import type { Stored } from "./shelf.ts";

/**
 * A blob, or the part of it that is asked for.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs}
 * @returns The answer; `undefined` if the file was replaced at this moment.
 * @throws {Refusal} If there is none.
 */
export async function blobAnswer(
  asked: Asked,
  { contents, made }: Catalog,
  damage: Damage,
  home: Repository,
  text: string,
): Promise<Answer | undefined> {
  const digest = validDigest(text);
  const unknown = (message: string) =>
    new Refusal(404, "BLOB_UNKNOWN", message, { digest });
  const descriptor = home.blobs.get(digest) ?? home.documents.get(digest);
  const stored = descriptor &&
    (inMemory(digest, made.get(digest)) ?? await contents.find(digest));
  if (!stored) throw unknown("there is no such blob");
  const { size } = stored;
  if (!stored.bytes) {
    if (size !== descriptor.size) damage.found(stored);
    if (damage.has(stored)) throw unknown("the blob is damaged");
  }
  const headers = contentHeaders(digest, true);
  if (isKnown(asked, digest)) return { status: 304, headers };
  headers["accept-ranges"] = "bytes";
  const part = partOf(asked, digest, size);
  if (part === "none") {
    const refusal = new Refusal(416, "UNKNOWN", "it has no such bytes");
    return errorAnswer(refusal, { "content-range": `bytes */${size}` });
  }
  const { start, end } = part ?? { start: 0, end: size };
  headers["content-type"] = "application/octet-stream";
  headers["content-length"] = String(end - start);
  if (part) headers["content-range"] = `bytes ${start}-${end - 1}/${size}`;
  const status = part ? 206 : 200;
  if (asked.method === "HEAD") return { status, headers };
  const body = stored.bytes
    ? stored.bytes.subarray(start, end)
    : await FileBody.open(stored, { start, end }, damage);
  return body && { status, headers, body };
}

function inMemory(
  digest: string,
  bytes: Uint8Array<ArrayBuffer> | undefined,
): Stored | undefined {
  return bytes && { digest, size: bytes.length, bytes };
}
