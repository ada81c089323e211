/** One row of the table: what is done wrong, and how it must end. */

import type { PullOptions } from "../../../lib/copy/pull_options.ts";
import type { Answers, World } from "./world.ts";

/** What is done wrong, and how it must end. */
export interface Row {
  /** What is done wrong. */
  what: string;
  /** Who does it. */
  answers?: Answers;
  /** What the registry holds. */
  prepare?: (world: World) => void;
  /** The error's class, or that the image is pulled all the same. */
  ends:
    | "AuthenticationError"
    | "ContentMismatchError"
    | "InvalidDocumentError"
    | "NetworkError"
    | "PlatformNotFoundError"
    | "RegistryError"
    | "StorageError"
    | "NotAnImageError"
    | "UnsupportedMediaTypeError"
    | "pulled";
  /** What the error says: of the network its sentence, else its message. */
  says?: RegExp;
  /** How a pull is made. */
  options?: PullOptions;
  /**
   * The most requests that may be made.
   *
   * @default {12}
   */
  requests?: number;
  /**
   * The most bytes that may be taken.
   *
   * @default {6_000_000}
   */
  bytes?: number;
  /** What else must hold; given everything that the command has written. */
  check?: (world: World, written: string) => void;
}
