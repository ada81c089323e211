/** Reads the parts of signatures, each of which may be anything. */

import { InvalidDocumentError } from "../image/errors.ts";
import type { SignatureProblem } from "../image/signature_problems.ts";
import { parseStrictJson, type Shape } from "../image/strict_json.ts";

/** A signature that does not count, and why. */
export class Refusal extends Error {
  /** Why. */
  readonly problem: SignatureProblem;

  /** Thrown while one signature is looked at, and caught by whoever does so. */
  constructor(problem: SignatureProblem, options?: ErrorOptions) {
    super(problem.code, options);
    this.problem = problem;
  }
}

/** A JSON object of which nothing is known. */
export type Fields = Record<string, unknown>;

/** What is said to be of a type is quoted up to that length. */
const MOST_WORDS = 100;

/**
 * Reads bytes as a JSON object that every reader reads alike.
 *
 * @param part What to call it.
 */
export function readJson(
  bytes: Uint8Array,
  shape: Shape,
  part: string,
): Fields {
  try {
    return objectOf(parseStrictJson(bytes, shape, part), part);
  } catch (error) {
    if (!(error instanceof InvalidDocumentError)) throw error;
    throw new Refusal({ code: "malformed", part }, { cause: error });
  }
}

/** An object. */
export function objectOf(value: unknown, part: string): Fields {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Refusal({ code: "malformed", part });
  }
  return value as Fields;
}

/** A list. */
export function listOf(value: unknown, part: string): unknown[] {
  if (!Array.isArray(value)) throw new Refusal({ code: "malformed", part });
  return value;
}

/** A text. */
export function textOf(value: unknown, part: string): string {
  if (typeof value !== "string") {
    throw new Refusal({ code: "malformed", part });
  }
  return value;
}

/** Bytes in base64, of either alphabet, as Go and others write it. */
export function base64Of(
  value: unknown,
  part: string,
): Uint8Array<ArrayBuffer> {
  const text = textOf(value, part);
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  if (plain === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) {
    throw new Refusal({ code: "malformed", part });
  }
  try {
    return Uint8Array.from(
      atob(plain.replace(/=+$/, "")),
      (character) => character.charCodeAt(0),
    );
  } catch (cause) {
    throw new Refusal({ code: "malformed", part }, { cause });
  }
}

/** A text from elsewhere, as it may be shown. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return text.slice(0, MOST_WORDS);
}
