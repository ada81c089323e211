/** `@std/cli/unicode-width` over string-width. */
import stringWidth from "string-width";

/** The columns that `text` takes on a terminal. */
export function unicodeWidth(text: string): number {
  return stringWidth(text, { countAnsiEscapeCodes: true });
}
