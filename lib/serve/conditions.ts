/**
 * Conditional requests and ranges.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-13}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-14}
 */

import { parseDigest } from "../image/digest.ts";
import { InvalidDigestError } from "../image/errors.ts";
import { type Asked, Refusal } from "./answer.ts";
import type { Part } from "./shelf.ts";

/**
 * A digest out of a request.
 *
 * @throws {Refusal} If it is none.
 */
export function validDigest(text: string): string {
  try {
    parseDigest(text);
    return text;
  } catch (error) {
    if (!(error instanceof InvalidDigestError)) throw error;
    throw new Refusal(400, "DIGEST_INVALID", "it is no digest", {
      digest: text.slice(0, 200),
    });
  }
}

/** The bytes of one digest never change; those of a tag do. */
export function contentHeaders(
  digest: string,
  byDigest: boolean,
): Record<string, string> {
  return {
    "docker-content-digest": digest,
    "etag": entityTag(digest),
    "cache-control": byDigest ? "max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
  };
}

/** A digest as an entity tag. */
function entityTag(digest: string): string {
  return `"${digest}"`;
}

/** Whether the client has it already, as it says by `If-None-Match`. */
export function isKnown(asked: Asked, digest: string): boolean {
  const given = asked.header("if-none-match");
  if (given === undefined) return false;
  return given.trim() === "*" ||
    given.split(",").some((tag) => isTagOf(tag, digest));
}

function isTagOf(tag: string, digest: string): boolean {
  return tag.trim().replace(/^W\//, "") === entityTag(digest);
}

/**
 * Which part is asked for.
 *
 * @returns The part; `undefined` for the whole, as where there are several
 * parts, or what stands there is none; `"none"` where it has no byte of it.
 */
export function partOf(
  asked: Asked,
  digest: string,
  size: number,
): Part | "none" | undefined {
  const range = asked.header("range");
  if (asked.method !== "GET" || range === undefined) return undefined;
  const condition = asked.header("if-range")?.trim();
  // A weak tag, or a date, of which there is none.
  if (condition !== undefined && condition !== entityTag(digest)) {
    return undefined;
  }
  const [, first, last] =
    /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(range) ?? [];
  if (first === undefined || last === undefined || first + last === "") {
    return undefined;
  }
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "none" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "none";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return { start, end };
}
