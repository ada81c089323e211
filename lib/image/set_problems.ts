/** What is wrong with what names several images. */

/** Why a set of images cannot be pulled as it was asked for. */
export type SetProblem =
  /** Nothing is asked for. */
  | { code: "no-images" }
  /** Some of what names the images is none. */
  | { code: "bad-images"; images: readonly BadImage[] }
  /** One name would stand for two things in one place. */
  | { code: "two-of-a-name"; name: string; digests: readonly string[] }
  /** Several images would be written to one path. */
  | { code: "two-at-a-path"; path: string; images: readonly string[] };

/** What should name an image, or its platform, and does not. */
export interface BadImage {
  /** As it was given, without a login. */
  text: string;
  /** Where it comes from, such as a file and a line. */
  from?: string;
  /** What is wrong with it. */
  error: Error;
}

/** Why a lock cannot be used, or an image of it. */
export type LockProblem =
  /** It is one of a version that is not known here. */
  | { code: "lock-version"; version: string }
  /** A member of it is missing, or is not what it should be. */
  | { code: "bad-member"; member: string }
  | { code: "no-images" }
  /** An image of a list has no digest. */
  | { code: "no-digest"; image: string; line?: number }
  /** A name stands for two things. */
  | { code: "two-of-a-name"; name: string }
  | { code: "too-large"; limit: number }
  /** An image was asked for that is not locked. */
  | { code: "not-locked"; name: string; names: readonly string[] }
  | {
    code: "platform-not-locked";
    platform: string;
    platforms: readonly string[];
  }
  /** What is locked is none of the index that the name stands for. */
  | { code: "not-in-index"; digest: string; index: string }
  /** What it says of an image is not what the digest in it stands for. */
  | { code: "contradiction"; field: string };
