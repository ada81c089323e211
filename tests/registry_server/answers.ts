/** The answers of the distribution-spec, from a repository's content. */

import type { Document } from "../../lib/image/types.ts";
import { parseRoute, type RepositoryContent } from "./content.ts";
import type { RecordedRequest } from "./exchange.ts";

/** An answer before it is sent. */
export interface Answer {
  /** The HTTP status. */
  status: number;
  /** The headers, without the length. */
  headers: Record<string, string>;
  /** The body, which may be empty. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The position of the bytes in their blob. */
  offset?: number;
}

/** One page of the tags. */
export function tagList(
  name: string,
  repository: RepositoryContent,
  query: URLSearchParams,
): Answer {
  const last = query.get("last") ?? "";
  const count = Number(query.get("n") ?? Infinity);
  const all = [...repository.tags.keys()].sort().filter((tag) => tag > last);
  const tags = all.slice(0, count);
  const answer = json(200, { name, tags });
  if (tags.length < all.length) {
    const next = `/v2/${name}/tags/list?n=${count}&last=${tags.at(-1)}`;
    answer.headers.link = `<${next}>; rel="next"`;
  }
  return answer;
}

/** A blob, or the range of it that is asked for. */
export function blob(
  repository: RepositoryContent | undefined,
  digest: string,
  range: string | null,
): Answer {
  const bytes = repository?.blobs.get(digest);
  if (bytes === undefined) {
    return problem(404, "BLOB_UNKNOWN", "blob unknown to registry");
  }
  const headers: Record<string, string> = {
    "accept-ranges": "bytes",
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    etag: `"${digest}"`,
  };
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  if (match === null) return { status: 200, headers, bytes };
  const start = Number(match[1]);
  const end = Math.min(
    match[2] === "" ? Infinity : Number(match[2]) + 1,
    bytes.length,
  );
  if (start >= bytes.length || end <= start) {
    headers["content-range"] = `bytes */${bytes.length}`;
    return problem(416, "RANGE_INVALID", "invalid range", headers);
  }
  headers["content-range"] = `bytes ${start}-${end - 1}/${bytes.length}`;
  const part = bytes.subarray(start, end);
  return { status: 206, headers, bytes: part, offset: start };
}

/** A manifest or index, if the client takes its type. */
export function manifest(document: Document, accept: string | null): Answer {
  const { mediaType, digest } = document.descriptor;
  const types = (accept ?? "*/*").split(",").map((type) =>
    type.split(";", 1)[0]!.trim()
  );
  if (!types.includes(mediaType) && !types.includes("*/*")) {
    return problem(
      404,
      "MANIFEST_UNKNOWN",
      `${mediaType} found, but the Accept header does not support it`,
    );
  }
  return {
    status: 200,
    headers: {
      "content-type": mediaType,
      "docker-content-digest": digest,
      etag: `"${digest}"`,
    },
    bytes: document.bytes,
  };
}

/** How many manifests may be fetched. */
export interface PullLimit {
  /** So many GETs of manifests are answered; the next ones get 429. */
  limit: number;
  /** The window that the headers name, in seconds. */
  window: number;
}

/** Adds what is left of the limit, or answers that nothing is. */
export function limited(
  answer: Answer,
  record: RecordedRequest,
  requests: RecordedRequest[],
  { limit, window }: PullLimit,
): Answer {
  const used =
    requests.filter(({ method, path }) =>
      method === "GET" && parseRoute(path).kind === "manifest"
    ).length;
  const headers = {
    ...answer.headers,
    "ratelimit-limit": `${limit};w=${window}`,
    "ratelimit-remaining": `${Math.max(0, limit - used)};w=${window}`,
  };
  return used > limit && record.method === "GET"
    ? problem(429, "TOOMANYREQUESTS", "pull rate limit reached", {
      ...headers,
      "retry-after": `${window}`,
    })
    : { ...answer, headers };
}

/** A JSON document. */
export function json(status: number, document: unknown): Answer {
  return {
    status,
    headers: { "content-type": "application/json" },
    bytes: new TextEncoder().encode(JSON.stringify(document)),
  };
}

/** An error as registries send it. */
export function problem(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Answer {
  const answer = json(status, { errors: [{ code, message }] });
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
