/** What is wrong with a document, or with what it is. */

import type { DigestProblem } from "./text_problems.ts";

/** What a member of a document is to be: `time` as in RFC 3339. */
export type JsonType =
  | "object"
  | "list"
  | "text"
  | "number"
  | "boolean"
  | "time"
  | "int64";

/**
 * What is wrong with a document. Where the code begins with `ambiguous`, one
 * program may read it as one thing and the next one as another.
 */
export type DocumentProblem =
  | {
    code:
      | "no-json"
      | "no-object"
      | "no-index"
      | "no-manifest"
      /** Neither an index nor a manifest. */
      | "neither"
      /** The same of a file of logins, none of which is quoted. */
      | "invalid-json"
      | "not-json-object"
      | "manifests-no-list"
      | "no-tag-list"
      /** Of an archive: `manifest.json`, an entry of it, its `Config`, a tag. */
      | "not-a-list"
      | "entry-no-object"
      | "config-no-name"
      | "no-tag"
      | "tag-with-digest"
      | "layout-version"
      | "nested-too-deep"
      | "ambiguous-schemas"
      | "ambiguous-index";
  }
  /** It has more bytes, or nobody knows how many, than there can be. */
  | { code: "too-large"; size?: number; limit: number }
  | { code: "config-too-large"; size: number; limit: number }
  | {
    code:
      | "too-many-entries"
      | "too-many-layers"
      | "too-many-images"
      | "image-too-many-layers"
      | "index-too-deep"
      /** The image is not among the first entries of an index. */
      | "not-among-first"
      | "ambiguous-nesting";
    limit: number;
  }
  | {
    code:
      | "member-no-object"
      | "no-list"
      | "no-names"
      | "no-descriptor"
      | "no-media-type"
      | "no-size";
    field: string;
  }
  | { code: "blob-too-large"; field: string; size: number; limit: number }
  | { code: "bad-digest"; field: string; problem: DigestProblem }
  | { code: "two-sizes" | "two-diff-ids"; digest: string }
  /** Of a layer: what it is compressed with, and why it does not expand. */
  | { code: "cannot-expand"; compression: string; reason: string }
  | { code: "unknown-compression"; compression: string }
  /** A list of tags that goes on at another place, or at no address. */
  | { code: "elsewhere"; where?: string }
  /** The configuration has so many layers, the manifest so many. */
  | { code: "layer-count"; config: number; manifest: number }
  | { code: "not-as-announced"; mediaType: string; announced: string }
  /** Inline data that is not the base64 of so many bytes. */
  | { code: "bad-inline-data"; size: number }
  /** It says that it is of one type, and whoever sent it of another. */
  | { code: "ambiguous-type"; own: string; told: string }
  /** It has the fields of something else than its type. */
  | { code: "ambiguous-fields"; told: string; fields: "index" | "manifest" }
  /** What is found: a literal, or `{` or `[` for an object or a list. */
  | { code: "wrong-type"; field: string; found: string; wanted: JsonType }
  /** Half a character, or a number that is something else. */
  | { code: "ambiguous-character" | "ambiguous-no-number"; field: string }
  | { code: "ambiguous-number"; field: string; written: string }
  | { code: "ambiguous-repetition"; written: string }
  | {
    code: "ambiguous-neighbour" | "ambiguous-spelling";
    written: string;
    field: string;
  };

/** Why a document or layer of a media type cannot be used. */
export type MediaTypeProblem =
  /** It is in Docker's schema 1, which ended in 2019. */
  | { code: "schema-1" }
  /** It is no image. */
  | { code: "artifact" }
  /** It is none of the types that a document can have. */
  | { code: "unknown-document"; known: readonly string[] }
  /** It is a layer in a form that loaders cannot unpack. */
  | { code: "unknown-layer" };
