/** What a repository is opened with, checked before anything is asked for. */

import { checkOptions, type Rules } from "../image/options.ts";
import { isReference } from "../image/reference.ts";

/**
 * Checks which repository is meant, and how it is to be asked.
 *
 * @param reference The registry and the repository.
 * @param options How; `fetch` must be there.
 * @param rules What may be given.
 * @throws {TypeError} If there is no reference or no `fetch`, or for an option
 * that there is not.
 * @throws {RangeError} For a value that an option cannot have.
 */
export function checkRepository<T extends { fetch: unknown }>(
  reference: unknown,
  options: T,
  rules: Rules<T>,
): void {
  const action = "open a repository";
  checkOptions(action, options, rules);
  if (!isReference(reference)) {
    throw new TypeError(`Cannot ${action}: the image is no reference`);
  }
  if (options.fetch === undefined) {
    throw new TypeError(`Cannot ${action}: there is no fetch to ask with`);
  }
}
