/** What an error is explained from and into. */

import type { Secrets } from "../../lib/net/known_secrets.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { ExitCode } from "./exit_codes.ts";

/** What was being done when the error came. */
export interface ErrorContext {
  /** The image as it was typed. */
  image?: string;
  /** Whether the image is named before the sentence, which needs not do so. */
  named?: boolean;
  /** The command, where it is not to pull. */
  command?: string;
  /** What was to be done, where it is not to pull that image. */
  action?: string;
  /** The image, once it is known which. */
  reference?: Reference;
  /** The same of the registry that images go to. */
  destination?: ErrorContext;
  /** The registry's name. */
  registry?: string;
  /** The repository in it. */
  repository?: string;
  /** Whether a login was given or found. */
  login?: boolean;
  /** Where it comes from. */
  loginSource?: string;
  /** Whether a token was sent, so that there was one to be had. */
  bearer?: boolean;
  /**
   * Whether it is about an image, the files of logins, a file to verify, or the
   * configuration file.
   */
  subject?: "image" | "login" | "archive" | "settings";
  /** The folder of the cache, or `false` where there is none. */
  cacheDir?: string | false;
  /** Whether there is no output file, but a stream. */
  streamed?: boolean;
  /** Whether it is written as parts, which are begun anew each time. */
  cut?: boolean;
  /** The tags there are that are nearest to the one that is not. */
  nearestTags?: readonly string[];
  /** Whether the registry lists the very tag that it has nothing for. */
  tagListed?: boolean;
  /** Whether the registry has no tags, as it does not know the repository. */
  repositoryUnknown?: boolean;
  /** Whether the digest that was asked for is that of a part of an image. */
  digestOfPart?: boolean;
  /** Whether several files are pulled, of which some may be complete. */
  several?: boolean;
  /** Whether what comes of it is told as JSON, an error as well. */
  json?: boolean;
  /** Whether what goes on is told as JSON, an error as well. */
  events?: boolean;
  /** Whether the user wants to see all causes. */
  verbose?: boolean;
  /** What must not be shown. */
  secrets?: Secrets;
}

/** An error as the user sees it. */
export interface Explanation {
  /** One sentence without a period. */
  sentence: string;
  /** Lines that show what it is about. */
  excerpt?: string[];
  /** What to try next. */
  hint?: string;
  /** The exit code. */
  code: ExitCode;
}

/** The member of a union that has a code. */
export type ByCode<T, Code> = T extends { code: infer Own }
  ? Code extends Own ? T : never
  : never;

/** A sentence, or a half of one, for each code. */
export type Sentences<T extends { code: string }> = {
  [Code in T["code"]]: (about: ByCode<T, Code>) => string;
};

/** Makes the sentence of a code. */
export function sentenceOf<T extends { code: string }>(
  sentences: Sentences<T>,
  about: T,
): string {
  const code = about.code as T["code"];
  return sentences[code](about as ByCode<T, typeof code>);
}
