/** What is wrong with a text that names something. */

/** Why a text is no digest. */
export type DigestProblem =
  /** It has no `algorithm:` at its beginning. */
  | { code: "no-algorithm" }
  | { code: "unknown-algorithm"; known: readonly string[] }
  /** The algorithm has so many hex digits, in lower case. */
  | { code: "bad-hex"; algorithm: string; length: number };

/** Why a text is no platform. */
export type PlatformProblem = {
  code: "two-versions" | "bad-shape" | "no-architecture";
};

/** Why a text is no reference, or no part of one. */
export type ReferenceProblem =
  | {
    code:
      | "empty"
      /** It is the address of a page about images. */
      | "page"
      /** There is a login in it. */
      | "login"
      | "space"
      | "empty-tag"
      | "bad-port"
      /** What stands in brackets is no IPv6 address, or one stands in none. */
      | "bad-ipv6"
      | "bare-ipv6"
      /** A part of the host's name is empty, or one of the repository's. */
      | "empty-label"
      | "empty-component"
      | "no-name"
      | "capital"
      /** A name begins or ends with something else than a letter or a digit. */
      | "bad-start"
      | "bad-end"
      /** It is an image's ID. */
      | "image-id"
      /** It cannot be part of an address, or is neither tag nor digest. */
      | "not-for-address"
      | "no-tag-or-digest";
  }
  | {
    code: "too-long" | "long-tag" | "long-name";
    /** The most characters that it can have. */
    limit: number;
  }
  | {
    code:
      /** A character that nothing can have, or none of a repository's name. */
      | "bad-character"
      | "bad-name-character"
      | "scheme"
      | "bad-tag"
      | "bad-label"
      | "bad-separator";
    /** What is wrong. */
    part: string;
  }
  | { code: "bad-digest"; problem: DigestProblem };
