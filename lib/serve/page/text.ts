/** Texts of strangers, made fit for a page. */

import { neutralize } from "../../redact/clean.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The longest text that is shown. */
const MAX_TEXT = 600;

/**
 * Text as it can stand in HTML, between tags and in quotes. What would hide or
 * turn the text beside it is made visible.
 */
export function escaped(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return neutralize(cut.replace(/\p{Cs}/gu, "\ufffd"))
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A size in bytes, in words. */
export function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A number of things. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
