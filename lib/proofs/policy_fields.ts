/** Reads the objects of a policy. */

/** Makes the error of a part that is not what it should be. */
export type BadPart = (part: string, cause?: unknown) => Error;

/**
 * The fields of an object.
 *
 * @param known The only ones that it may have: what is not understood may be
 * what somebody relies on.
 */
export function objectFields(
  value: unknown,
  known: readonly string[] | undefined,
  bad: BadPart,
  where: string,
): Record<string, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw bad(where);
  }
  const strange = known &&
    Object.keys(value).find((name) => !known.includes(name));
  if (strange !== undefined) throw bad(`${where}: ${strange}`);
  return value as Record<string, unknown>;
}
