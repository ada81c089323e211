/** The text of a list, of which only bytes may be known. */

import type { Collector } from "./collector.ts";

/** The most bytes of a list: more than what a cluster of thousands lists. */
export const MAX_LIST_BYTES = 64 * 1024 * 1024;

/**
 * Decodes a list.
 *
 * @returns The text; nothing where it is none, which `found` is told.
 */
export function readText(
  text: string | Uint8Array,
  found: Collector,
): string | undefined {
  if (text.length > MAX_LIST_BYTES) {
    found.wrong({ code: "too-large", limit: MAX_LIST_BYTES });
    return undefined;
  }
  if (typeof text === "string") return text.replace(/^\ufeff/, "");
  const [a, b] = text;
  if (
    text.length > 1 &&
    ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || a === 0 ||
      b === 0)
  ) {
    found.wrong({ code: "utf-16" });
    return undefined;
  }
  try {
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(text);
    // deno-lint-ignore no-control-regex
    if (!/[\x00-\x08\x0e-\x1a]/.test(decoded)) return decoded;
  } catch {
    // It is none, either.
  }
  found.wrong({ code: "not-text" });
}
