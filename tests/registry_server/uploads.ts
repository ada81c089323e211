/** The registry's other side: uploads, mounts and manifests that are put. */

import type { Document } from "../../lib/image/types.ts";
import { digestOf } from "../fixtures/layer.ts";
import { type Answer, json, problem } from "./answers.ts";
import type { RepositoryContent } from "./content.ts";
import type { RecordedRequest } from "./exchange.ts";

/** How a registry takes what is pushed, and what is odd about that. */
export interface UploadRules {
  /** The least bytes of a part but the last; announced as registries do. */
  minChunk?: number;
  /** How parts are taken: `first` takes one alone, as Google's does. */
  chunks?: "taken" | "first" | "refused";
  /** The status that parts are refused with. */
  chunkStatus?: number;
  /** The most bytes of a request; more is 413. */
  maxBody?: number;
  /** What is said of where an upload goes on. */
  location?: "absolute" | "relative" | "missing" | "uuid";
  /** The folder that uploads go on in, where it is not `uploads`. */
  folder?: "upload";
  /** The host that uploads go on at, where it is another one. */
  uploadHost?: string;
  /** Whether what came of a part that broke off is lost. */
  dropsPartial?: boolean;
  /** Whether an upload is forgotten of which a request has broken off. */
  forgetsBroken?: boolean;
  /** An upload is forgotten after so many requests for it. */
  forgetsAfter?: number;
  /** Whether how far an upload is cannot be asked. */
  silent?: boolean;
  /** The status that says that it takes nothing: 405 or 403. */
  readOnly?: number;
  /** The status that says that there is no such repository, and will be none. */
  closed?: number;
  /** The bytes that it has room for, and the status that says so. */
  room?: number;
  /** The status that says that there is no more room. */
  noRoomStatus?: number;
  /** How it says so, where it is not in the words of a system. */
  noRoomWords?: string;
  /** The digest that it says it has stored. */
  saysDigest?: string;
  /** Stores a blob, and answers 500; so many times. */
  failsThoughStored?: number;
  /** Says that the digest is wrong; so many times. */
  refusesDigest?: number;
  /** The status for a tag that is to be moved. */
  fixedTags?: number;
  /** How it says so; `TAG` stands for the tag. */
  fixedWords?: string;
  /** The media types of manifests that it takes; all without it. */
  mediaTypes?: string[];
  /** Whether it notes by itself what refers to what. */
  referrers?: boolean;
  /** Whether it mounts nothing. */
  noMounts?: boolean;
}

interface Upload {
  repository: string;
  parts: Uint8Array<ArrayBuffer>[];
  size: number;
  requests: number;
  state: string;
}

/** What a request for an upload is answered from. */
export interface UploadRequest {
  /** What was asked. */
  record: RecordedRequest;
  /** The repository's name, and what it holds. */
  repository: string;
  /** The bytes that came. */
  body: Uint8Array<ArrayBuffer>;
  /** Whether the connection broke after them. */
  broken: boolean;
}

/** The uploads that are under way. */
export class Uploads {
  /** How they are taken. */
  rules: UploadRules;
  readonly #open: (name: string) => RepositoryContent;
  readonly #uploads: Map<string, Upload> = new Map();
  #count = 0;
  #stored = 0;
  /** Where it was asked. */
  #origin = "";

  /** Takes what is pushed into the repositories that `open` gives. */
  constructor(rules: UploadRules, open: (name: string) => RepositoryContent) {
    this.rules = rules;
    this.#open = open;
  }

  /** How many are under way. */
  get size(): number {
    return this.#uploads.size;
  }

  /** Forgets those that are under way. */
  forget(): void {
    this.#uploads.clear();
  }

  /** Answers what is neither GET nor HEAD of content. */
  answer(request: UploadRequest): Answer | undefined {
    const { record, repository } = request;
    this.#origin = new URL(record.url).origin;
    const { readOnly, closed, maxBody = Infinity } = this.rules;
    const { pathname, searchParams } = new URL(record.url);
    const [, kind, last = ""] =
      /\/(blobs\/uploads?|manifests)\/?([^/]*)$/.exec(pathname) ?? [];
    if (kind === undefined) return undefined;
    if (kind === "manifests" && record.method !== "PUT") return undefined;
    if (readOnly) return problem(readOnly, "DENIED", "registry is read-only");
    if (closed) return problem(closed, "NAME_UNKNOWN", "no such repository");
    if (request.body.length > maxBody) {
      const html = "<html><title>413 Request Entity Too Large</title></html>";
      const bytes = new TextEncoder().encode(html);
      return { status: 413, headers: { "content-type": "text/html" }, bytes };
    }
    if (kind === "manifests") {
      return request.broken
        ? problem(400, "MANIFEST_INVALID", "it breaks off")
        : this.#manifest(request, last);
    }
    if (record.method === "POST") return this.#post(repository, searchParams);
    return this.#upload(request, last, searchParams);
  }

  #post(repository: string, query: URLSearchParams): Answer {
    const { noMounts } = this.rules;
    const [digest, from] = [query.get("mount"), query.get("from")];
    if (digest && from && !noMounts) {
      const bytes = this.#open(from).blobs.get(digest);
      if (bytes) {
        this.#open(repository).blobs.set(digest, bytes);
        return created({ "docker-content-digest": digest });
      }
    }
    const id = `upload-${++this.#count}`;
    const upload = { repository, parts: [], size: 0, requests: 0, state: "" };
    this.#uploads.set(id, upload);
    return this.#status(202, id, upload);
  }

  #status(status: number, id: string, upload: Upload): Answer {
    const { location = "relative", uploadHost, minChunk } = this.rules;
    upload.state = `${id}.${upload.size}.a-signature-of-the-state`;
    const { folder = "uploads" } = this.rules;
    const path = `/v2/${upload.repository}/blobs/${folder}/${id}` +
      `?_state=${upload.state}%3D%3D&keep=a+b`;
    const base = uploadHost && `https://${uploadHost}`;
    const headers: Record<string, string> = {
      range: `0-${Math.max(0, upload.size - 1)}`,
    };
    if (location === "uuid") headers["docker-upload-uuid"] = id;
    else if (location !== "missing") {
      headers.location = location === "relative" && !base
        ? path
        : `${base ?? this.#origin}${path}`;
    }
    if (minChunk) headers["oci-chunk-min-length"] = `${minChunk}`;
    return { status, headers, bytes: new Uint8Array() };
  }

  #upload(
    { record, body, broken, repository }: UploadRequest,
    id: string,
    query: URLSearchParams,
  ): Answer {
    const { rules } = this;
    const upload = this.#uploads.get(id);
    const unknown = problem(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown");
    if (upload?.repository !== repository) return unknown;
    if (++upload.requests > (rules.forgetsAfter ?? Infinity)) {
      this.#uploads.delete(id);
      return unknown;
    }
    if (record.method === "GET") {
      return rules.silent
        ? problem(405, "UNSUPPORTED", "not supported")
        : this.#status(204, id, upload);
    }
    const signed = rules.location === "uuid" ||
      query.get("_state") === `${upload.state}==` &&
        query.get("keep") === "a b";
    if (!signed) return problem(400, "BLOB_UPLOAD_INVALID", "bad signature");
    if (broken) {
      if (rules.forgetsBroken) this.#uploads.delete(id);
      else if (!rules.dropsPartial) take(upload, body);
      return unknown;
    }
    if (record.method === "PATCH") return this.#patch(record, upload, id, body);
    return this.#finish(upload, id, body, query.get("digest") ?? "");
  }

  #patch(
    { headers }: RecordedRequest,
    upload: Upload,
    id: string,
    body: Uint8Array<ArrayBuffer>,
  ): Answer {
    const { chunks = "taken", chunkStatus = 405, minChunk = 0 } = this.rules;
    if (chunks === "refused" || chunks === "first" && upload.size > 0) {
      return problem(chunkStatus, "UNSUPPORTED", "no chunks here");
    }
    const [, first, last] =
      /^(\d+)-(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
    const fits = Number(first) === upload.size &&
      Number(last) - Number(first) + 1 === body.length &&
      headers.get("content-length") === `${body.length}`;
    if (!fits) return problem(416, "RANGE_INVALID", "not the next bytes");
    // Only the last part may be smaller, which is told by what follows.
    const before = upload.parts.at(-1)?.length ?? Infinity;
    if (before < minChunk) return problem(416, "SIZE_INVALID", "too small");
    const full = this.#full(body.length);
    if (full) return full;
    take(upload, body);
    return this.#status(202, id, upload);
  }

  #full(more: number): Answer | undefined {
    const { room = Infinity, noRoomStatus = 507 } = this.rules;
    const { noRoomWords = "write: no space left on device" } = this.rules;
    this.#stored += more;
    return this.#stored > room
      ? problem(noRoomStatus, "UNKNOWN", noRoomWords)
      : undefined;
  }

  #finish(
    upload: Upload,
    id: string,
    body: Uint8Array<ArrayBuffer>,
    digest: string,
  ): Answer {
    const { rules } = this;
    const full = this.#full(body.length);
    if (full) return full;
    take(upload, body);
    const bytes = new Uint8Array(upload.size);
    let position = 0;
    for (const part of upload.parts) {
      bytes.set(part, position);
      position += part.length;
    }
    this.#uploads.delete(id);
    const refused = (rules.refusesDigest ?? 0) > 0;
    if (refused) rules.refusesDigest!--;
    if (refused || digestOf(bytes, algorithmOf(digest)) !== digest) {
      return problem(400, "DIGEST_INVALID", "provided digest did not match");
    }
    this.#open(upload.repository).blobs.set(digest, bytes);
    if ((rules.failsThoughStored ?? 0) > 0) {
      rules.failsThoughStored!--;
      return problem(500, "UNKNOWN", "a timeout of the storage");
    }
    return created({ "docker-content-digest": rules.saysDigest ?? digest });
  }

  /** What refers to a digest, where it keeps a list of that; else nothing. */
  referrers(repository: string, digest: string): Answer | undefined {
    if (!this.rules.referrers) return undefined;
    const manifests = [...this.#open(repository).documents.values()]
      .filter(({ bytes }) =>
        JSON.parse(new TextDecoder().decode(bytes)).subject?.digest === digest
      ).map(({ descriptor }) => descriptor);
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const answer = json(200, { schemaVersion: 2, mediaType, manifests });
    return { ...answer, headers: { "content-type": mediaType } };
  }

  #manifest({ record, repository, body }: UploadRequest, name: string): Answer {
    const { mediaTypes, fixedTags, saysDigest } = this.rules;
    const mediaType = record.headers.get("content-type") ?? "";
    if (mediaTypes && !mediaTypes.includes(mediaType)) {
      return problem(415, "MANIFEST_INVALID", `${mediaType} is not supported`);
    }
    const digest = digestOf(body);
    if (name.includes(":") && name !== digest) {
      return problem(400, "DIGEST_INVALID", "provided digest did not match");
    }
    const there = this.#open(repository);
    const before = there.tags.get(name);
    if (fixedTags && before !== undefined && before !== digest) {
      const { fixedWords = "the tag TAG is immutable" } = this.rules;
      const words = fixedWords.replace("TAG", name);
      return problem(fixedTags, "TAG_INVALID", words);
    }
    const fields = JSON.parse(new TextDecoder().decode(body));
    const blobs = [fields.config, ...fields.layers ?? []].filter(Boolean);
    if (blobs.some((each) => !there.blobs.has(each.digest))) {
      return problem(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    }
    const manifests: { digest: string }[] = fields.manifests ?? [];
    if (
      !/^sha256-/.test(name) &&
      manifests.some((each) => !there.documents.has(each.digest))
    ) return problem(404, "MANIFEST_UNKNOWN", "manifest unknown to registry");
    const size = body.length;
    const document: Document = {
      descriptor: { mediaType, digest, size },
      bytes: body,
    };
    there.documents.set(digest, document);
    if (!name.includes(":")) there.tags.set(name, digest);
    const headers: Record<string, string> = {
      "docker-content-digest": saysDigest ?? digest,
    };
    if (this.rules.referrers && fields.subject) {
      headers["oci-subject"] = fields.subject.digest;
    }
    return created(headers);
  }
}

function algorithmOf(digest: string): "sha256" | "sha512" {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

function take(upload: Upload, body: Uint8Array<ArrayBuffer>): void {
  if (body.length > 0) upload.parts.push(body);
  upload.size += body.length;
}

function created(headers: Record<string, string>): Answer {
  return { ...json(201, {}), headers, bytes: new Uint8Array() };
}
