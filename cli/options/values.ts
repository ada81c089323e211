/** The values of options: one of some words, numbers, sizes and times. */

import { UsageError } from "./arguments.ts";

/** What the units of sizes begin with, each a thousand of the one before. */
const SIZE_UNITS = ["", "k", "m", "g", "t"];

const HOUR_MS = 60 * 60 * 1000;
const TIME_UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60 * 1000,
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 7 * 24 * HOUR_MS,
};

/**
 * Reads one of some words.
 *
 * @param option The option's name, for the error.
 * @throws {UsageError} It is another.
 */
export function readWord<T extends string>(
  text: string,
  option: string,
  known: readonly T[],
): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new UsageError(
    `Option --${option} is ${known.slice(0, -1).join(", ")} or ${
      known.at(-1)
    }, not ${JSON.stringify(text)}`,
  );
}

/**
 * Reads a number within limits; none where there is no text.
 *
 * @param option The option's name, for the error.
 * @throws {UsageError} It is none, or beyond them.
 */
export function readNumber(
  text: string | undefined,
  option: string,
  min: number,
  max: number,
  pattern = /^\d+(\.\d+)?$/,
): number | undefined {
  if (text === undefined) return undefined;
  const value = pattern.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Option --${option} needs a number from ${min} to ${max}, ` +
      `not ${JSON.stringify(text)}`,
  );
}

/** The same of a whole number. */
export function readWholeNumber(
  text: string | undefined,
  option: string,
  min: number,
  max: number,
): number | undefined {
  return readNumber(text, option, min, max, /^\d+$/);
}

/**
 * Reads a size: bytes, or with a unit of a thousand (`500M`, `2GB`) or of 1024
 * (`2Gi`, `2GiB`); none where there is no text.
 *
 * @param option The option's name, for the error.
 * @throws {UsageError} It is none.
 */
export function readSize(
  text: string | undefined,
  option: string,
): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", unit = "", binary] =
    /^(\d{1,15}(?:\.\d{1,6})?)\s?([kmgt]?)(i?)b?$/i.exec(text) ?? [];
  const value = digits === "" || binary && !unit ? NaN : Math.floor(
    Number(digits) *
      (binary ? 1024 : 1000) ** SIZE_UNITS.indexOf(unit.toLowerCase()),
  );
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(
    `Option --${option} needs a size such as 500M or 2GiB, ` +
      `not ${JSON.stringify(text)}`,
  );
}

/**
 * Reads a time, such as `30d`, `12h` or `2w`; none where there is no text.
 *
 * @param option The option's name, for the error.
 * @returns Milliseconds.
 * @throws {UsageError} It is none.
 */
export function readDuration(
  text: string | undefined,
  option: string,
): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", unit = ""] =
    /^(\d+(?:\.\d+)?) ?([smhdw])$/i.exec(text) ?? [];
  const value = digits === ""
    ? NaN
    : Number(digits) * TIME_UNITS[unit.toLowerCase()]!;
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  throw new UsageError(
    `Option --${option} needs a time such as 30d, 12h or 2w, ` +
      `not ${JSON.stringify(text)}`,
  );
}
