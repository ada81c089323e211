/** An error as it is printed. */

import { redactText } from "../../lib/redact/address.ts";
import type { Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import { explainError } from "./errors.ts";
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
  const named = about !== undefined;
  const { sentence, excerpt, hint, code } = explainError(error, {
    ...context,
    named,
  });
  const lines = [
    `${style.bad("error:")} ${
      named ? `${neutralize(about)}: ` : ""
    }${sentence}`,
    ...(excerpt ?? []).map((line) => `  ${line}`),
    ...(hint ? [`${style.hint("hint:")} ${hint}`] : []),
    ...(context.verbose
      ? errorDetails(error, context).map((line) => style.faint(line))
      : []),
  ];
  return { lines, code };
}

/** The error with its stack and all its causes, for `--verbose`. */
export function errorDetails(
  error: unknown,
  context: ErrorContext = {},
): string[] {
  const mask = (text: string) => context.secrets?.mask(text) ?? text;
  const lines: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current instanceof Error && depth < 8; depth++) {
    const { stack = String(current), cause } = current;
    // Before it is cut into lines, of which a secret may have several.
    const text = mask(stack);
    lines.push(...(depth ? `caused by ${text}` : text).split("\n"));
    current = cause;
  }
  if (current !== undefined && !(current instanceof Error)) {
    lines.push(`caused by ${mask(String(current))}`);
  }
  return lines.map((line) => neutralize(redactText(line)));
}
