/** Text for a terminal: harmless, measured and cut by what it takes there. */

import { unicodeWidth } from "@std/cli/unicode-width";
import { format as formatDuration } from "@std/fmt/duration";

export { neutralize } from "../../lib/redact/clean.ts";

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
