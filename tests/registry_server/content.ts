/** What a registry holds: documents and blobs by digest, tags by repository. */

import type { Document } from "../../lib/image/types.ts";

/** An image or an index with all that it refers to. */
export interface Content {
  /** The manifest or index that a tag names. */
  document: Document;
  /** It and every manifest and index below it. */
  documents: Document[];
  /** Configurations and layers, by digest. */
  blobs: Map<string, Uint8Array<ArrayBuffer>>;
}

/** One repository of the registry. */
export class RepositoryContent {
  /** Tag to digest. */
  readonly tags: Map<string, string> = new Map();
  /** Digest to manifest or index. */
  readonly documents: Map<string, Document> = new Map();
  /** Digest to bytes. */
  readonly blobs: Map<string, Uint8Array<ArrayBuffer>> = new Map();

  /** Puts an image or index here, under any number of tags. */
  add(content: Content, tags: string[]): void {
    for (const document of content.documents) {
      this.documents.set(document.descriptor.digest, document);
    }
    for (const [digest, bytes] of content.blobs) this.blobs.set(digest, bytes);
    for (const tag of tags) {
      this.tags.set(tag, content.document.descriptor.digest);
    }
  }

  /** The document behind a tag or a digest. */
  document(tagOrDigest: string): Document | undefined {
    return this.documents.get(this.tags.get(tagOrDigest) ?? tagOrDigest);
  }
}

/** What a path of the distribution-spec asks for. */
export type Route =
  | { kind: "ping" | "token" | "unknown" }
  | { kind: "tags"; repository: string }
  | { kind: "manifest"; repository: string; reference: string }
  | { kind: "blob"; repository: string; digest: string }
  | { kind: "storage"; repository: string; digest: string };

/** Reads a path such as `/v2/team/app/manifests/1.0`. */
export function parseRoute(path: string): Route {
  if (path === "/v2/" || path === "/v2") return { kind: "ping" };
  if (path === "/token") return { kind: "token" };
  const match = /^\/(v2|storage)\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(
    path,
  );
  if (!match) return { kind: "unknown" };
  const [, root, repository = "", collection, last = ""] = match;
  const name = decodeURIComponent(last);
  if (root === "storage") return { kind: "storage", repository, digest: name };
  switch (collection) {
    case "manifests":
      return { kind: "manifest", repository, reference: name };
    case "blobs":
      return { kind: "blob", repository, digest: name };
    default:
      return name === "list"
        ? { kind: "tags", repository }
        : { kind: "unknown" };
  }
}
