/** Numbers with a unit, as people write them. */

import { UsageError } from "./arguments.ts";

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 2 ** 10,
  m: 1e6,
  mb: 1e6,
  mib: 2 ** 20,
  g: 1e9,
  gb: 1e9,
  gib: 2 ** 30,
  t: 1e12,
  tb: 1e12,
  tib: 2 ** 40,
};

const HOUR_MS = 60 * 60 * 1000;
const TIME_UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60 * 1000,
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 7 * 24 * HOUR_MS,
};

/**
 * Reads a number of bytes, such as `20G`, `1.5GB` or `512MiB`.
 *
 * @param option The option's name, for the error.
 * @throws {UsageError} It is none.
 */
export function readSize(text: string, option: string): number {
  const value = read(text, SIZE_UNITS);
  if (value !== undefined) return Math.floor(value);
  throw new UsageError(
    `Option --${option} needs a size such as 500M, 20G or 1.5GiB, ` +
      `not ${JSON.stringify(text)}`,
  );
}

/**
 * Reads a time, such as `30d`, `12h` or `2w`.
 *
 * @param option The option's name, for the error.
 * @returns Milliseconds.
 * @throws {UsageError} It is none.
 */
export function readDuration(text: string, option: string): number {
  const value = read(text, TIME_UNITS);
  if (value !== undefined) return value;
  throw new UsageError(
    `Option --${option} needs a time such as 30d, 12h or 2w, ` +
      `not ${JSON.stringify(text)}`,
  );
}

function read(
  text: string,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text) ??
    [];
  const name = unit.toLowerCase();
  if (number === undefined || !Object.hasOwn(units, name)) return undefined;
  const value = Number(number) * units[name]!;
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined;
}
