/** Text of strangers, made fit for a terminal. */

/**
 * Text of a stranger, fit for a terminal: without control characters and
 * marks that turn the direction of writing, and not too long.
 *
 * @param text The text.
 * @param limit The most characters to keep.
 * @returns The text on one line.
 */
export function cleanText(text: string, limit = 500): string {
  // Cut first, so that megabytes are not searched for what is thrown away.
  const clean = text.slice(0, limit * 2)
    // deno-lint-ignore no-control-regex
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .replace(/\p{Cs}/gu, "\ufffd")
    .replace(/ {2,}/g, " ")
    .trim();
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean;
}

// Control characters, and those that reorder or hide what stands beside them.
const HARMFUL =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Nobody reads more of one text, in UTF-16 code units. */
const MOST_SHOWN = 65_536;

/**
 * Makes every character visible that could steer a terminal or mislead its
 * reader, so that names and messages from the network may be printed.
 *
 * @param text The text.
 * @returns The text with `\x1b` and the like in place of such characters.
 */
export function neutralize(text: string): string {
  return text.slice(0, MOST_SHOWN).replace(HARMFUL, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
