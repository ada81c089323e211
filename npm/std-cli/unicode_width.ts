/**
 * `@std/cli/unicode-width` over get-east-asian-width. `string-width`, which
 * would know more of emoji, takes 60 ms to load.
 */
import { eastAsianWidth } from "get-east-asian-width";

/** Combining marks, and what is not shown at all. */
const WITHOUT_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;

/** The columns that `text` takes on a terminal. */
export function unicodeWidth(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (WITHOUT_WIDTH.test(character)) continue;
    columns += eastAsianWidth(character.codePointAt(0)!);
  }
  return columns;
}
