/** Data without what it does not say. */

/** The object without its members that are `undefined`, as JSON is written. */
export function defined<T extends object>(object: T): T {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as T;
}
