/** What a list of images says, and what is wrong with it. */

import { DockerPullError } from "../image/errors.ts";
import type { PlatformProblem, ReferenceProblem } from "../image/problems.ts";
import type { Reference } from "../image/reference.ts";
import type { Platform } from "../image/types.ts";

/** A place in a list. */
export interface ListPlace {
  /** What the list is called. */
  file: string;
  /** The line, from 1. */
  line: number;
}

/** An image that a list names. */
export interface ListedImage {
  /** What it is called. */
  reference: Reference;
  /** For which platforms it is wanted, where the list says so. */
  platforms?: Platform[] | "all";
  /** Where it is named; the first place first. */
  where: ListPlace[];
}

/** Something of a list that names no image that could be pulled, and why. */
export type LeftOut =
  & ListPlace
  & (
    | {
      code:
        /** A service of compose that is built, or has no image at all. */
        | "build-only"
        | "no-image"
        /** A service of compose that extends one of another file. */
        | "other-file";
      service: string;
    }
    /** Files that a compose file includes. */
    | { code: "include" }
    /** A repository beside which there is neither a tag nor a digest. */
    | { code: "no-tag"; text: string }
    /** An image that only who runs it can fill in, as `$(params.image)`. */
    | { code: "variable"; text: string }
    /** An address that is no reference, as of a machine's disk. */
    | { code: "address"; text: string }
    /** A part of a manifest of hauler that lists no images. */
    | { code: "not-images"; kind: string }
  );

/** What is wrong with a list or a line of it. */
export type ListFault =
  | { code: "bad-reference"; text: string; problem: ReferenceProblem }
  | { code: "bad-platform"; text: string; problem: PlatformProblem }
  /** A line has more than a reference and its platforms. */
  | { code: "several-words"; text: string }
  | { code: "no-platform" }
  /** A variable is not set, and has no default; or it is not well written. */
  | { code: "unset-variable"; name: string }
  | { code: "bad-variable"; text: string }
  /** It is no YAML, in the words of the parser; or a template of it. */
  | { code: "not-yaml"; words: string }
  | { code: "template" }
  | { code: "too-deep" | "utf-16" | "not-text" | "empty" }
  /** It has more bytes than a list can have. */
  | { code: "too-large"; limit: number };

/** The same, and where. */
export type ListProblem = ListFault & { file: string; line?: number };

/** A list of which something is wrong. */
export class InvalidListError extends DockerPullError {
  /** The only thing that it can be. */
  declare readonly code: "invalid-list";
  /** All that is wrong. */
  readonly problems: readonly ListProblem[];
  /** What was left out of it. */
  readonly left: readonly LeftOut[];

  /** Made by {@linkcode imagesOf}. */
  constructor(
    problems: readonly ListProblem[],
    left: readonly LeftOut[] = [],
  ) {
    super(
      "InvalidListError",
      "invalid-list",
      `Cannot use the list: ${
        problems.map(({ file, line, code }) => `${file}:${line ?? 0}: ${code}`)
          .join(", ")
      }`,
    );
    this.problems = problems;
    this.left = left;
  }
}
