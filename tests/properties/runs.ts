/**
 * How many cases a property is tried with, and which: the same ones each time,
 * unless `DOCKER_PULL_CASES` and `DOCKER_PULL_SEED` in the environment say
 * otherwise. A failure prints the seed and the path to its case.
 */

import process from "node:process";
import type { Parameters } from "fast-check";

const { DOCKER_PULL_CASES, DOCKER_PULL_SEED = "2026" } = process.env;

/** What the properties depend on. */
export const SEED = Number(DOCKER_PULL_SEED);

if (DOCKER_PULL_CASES !== undefined) {
  console.log(`${DOCKER_PULL_CASES} cases of each property, seed ${SEED}`);
}

/**
 * The parameters of a property.
 *
 * @param cases How many cases, unless the environment says otherwise.
 * @param more Other parameters.
 */
export function runs<T>(
  cases: number,
  more: Parameters<T> = {},
): Parameters<T> {
  const wanted = Number(DOCKER_PULL_CASES ?? cases);
  return { numRuns: wanted, seed: SEED, ...more };
}
