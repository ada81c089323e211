/** An error as it is printed. */

import type { Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import { errorDetails, explainError } from "./errors.ts";
import type { ExitCode } from "./exit_codes.ts";
import type { ErrorContext } from "./explanation.ts";

/**
 * The lines that tell of an error, and its exit code.
 *
 * @param about What it is about, where that is one of several.
 */
export function errorLines(
  error: unknown,
  context: ErrorContext,
  style: Style,
  about?: string,
): { lines: string[]; code: ExitCode } {
  const { sentence, excerpt, hint, code } = explainError(error, context);
  const lines = [
    `${style.bad("error:")} ${
      about ? `${neutralize(about)}: ` : ""
    }${sentence}`,
    ...(excerpt ?? []).map((line) => `  ${line}`),
    ...(hint ? [`${style.hint("hint:")} ${hint}`] : []),
    ...(context.verbose
      ? errorDetails(error, context).map((line) => style.faint(line))
      : []),
  ];
  return { lines, code };
}
