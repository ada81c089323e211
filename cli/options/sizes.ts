/** Sizes as people type them. */

import { UsageError } from "./arguments.ts";

const UNITS = ["", "k", "m", "g", "t"];

/**
 * Reads a size: bytes, or with a unit of a thousand (`500M`, `2GB`) or of 1024
 * (`2Gi`, `2GiB`).
 *
 * @param name The option, for the error.
 * @throws {UsageError} If it is none.
 */
export function readBytes(
  text: string | undefined,
  name: string,
): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", unit = "", binary] =
    /^(\d{1,15}(?:\.\d{1,6})?)\s?([kmgt]?)(i?)b?$/i.exec(text) ?? [];
  const value = digits === "" || binary && !unit ? NaN : Math.floor(
    Number(digits) *
      (binary ? 1024 : 1000) ** UNITS.indexOf(unit.toLowerCase()),
  );
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(
    `Option --${name} needs a size such as 500M or 2GiB, not ${
      JSON.stringify(text)
    }`,
  );
}
