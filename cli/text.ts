/** Text for a terminal: harmless, measured and cut by what it takes there. */

import { unicodeWidth } from "@std/cli/unicode-width";
import { format as formatDuration } from "@std/fmt/duration";
import { redactUrl } from "../lib/registry/redact.ts";

// Control characters, and those that reorder or hide what stands beside them.
const HARMFUL =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Nobody reads more of one text, in UTF-16 code units. */
const MOST_SHOWN = 65_536;

/**
 * Makes every character visible that could steer a terminal or mislead its
 * reader, so that names and messages from the network may be printed.
 */
export function neutralize(text: string): string {
  return text.slice(0, MOST_SHOWN).replace(HARMFUL, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/**
 * Takes out of every address in a text what may be secret: user, password and
 * query.
 */
export function redactAddresses(text: string): string {
  return text.replace(/\bhttps?:\/\/[^\s"'<>()]+/gi, (found) => {
    // What ends a clause is no part of the address.
    let end = found.length;
    while (".,:;".includes(found[end - 1]!)) end--;
    const address = found.slice(0, end);
    const clean = redactUrl(address);
    return (clean === `${address}/` ? address : clean) +
      found.slice(end);
  });
}

/** The columns that a text takes on a terminal. */
export function width(text: string): number {
  return unicodeWidth(text);
}

/** Cuts a text to so many columns, with a sign that it was cut. */
export function truncate(text: string, columns: number): string {
  // What is far too long is not measured to its end.
  if (text.length <= 16 * columns && width(text) <= columns) return text;
  let cut = "";
  let taken = 0;
  // Characters without a width could go on for ever.
  for (const character of text.slice(0, 16 * columns)) {
    const next = taken + width(character);
    if (next > columns - 1) break;
    cut += character;
    taken = next;
  }
  return columns > 0 ? cut + "…" : "";
}

/** A time for people: `0.4s`, `12.3s`, `4m 5s`, `2h 3m`. */
export function formatTime(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  return formatWholeTime(ms);
}

/** A time for people in whole seconds, by its two largest units: `1m 5s`. */
export function formatWholeTime(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const rounded = seconds < 3600 ? seconds : seconds - seconds % 60;
  return formatDuration(rounded * 1000, { ignoreZero: true })
    .split(" ").slice(0, 2).join(" ");
}

/** A time within a sentence: `12 s`, `1 min 5 s`, `2 h 3 min`. */
export function sayTime(ms: number): string {
  return formatWholeTime(ms).replace(
    /(\d+)([a-z])/g,
    (_, count, unit) => `${count} ${unit === "m" ? "min" : unit}`,
  );
}

/** Writes a file's name so that a shell takes it for one word. */
export function quoteForShell(text: string, platform = ""): string {
  if (platform === "win32") {
    return /^[\w.:\\/+=@,-]+$/.test(text) ? text : `"${text}"`;
  }
  if (/^[\w.:/+=@,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
