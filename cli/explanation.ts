/** What an error is explained from and into. */

import type { ExitCode } from "./exit_codes.ts";

/** What was being done when the error came. */
export interface ErrorContext {
  /** The image as it was typed. */
  image?: string;
  /** What was to be done, where it is not to pull that image. */
  action?: string;
  /** The registry's name. */
  registry?: string;
  /** The repository in it. */
  repository?: string;
  /** Whether a login was given. */
  login?: boolean;
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
