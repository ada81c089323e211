/** Work on many things, a few of them at a time. */

/**
 * Does something with each of a list, so many at a time, in their order. Where
 * one fails, no other is begun, and those under way are waited for.
 *
 * @param items What.
 * @param most How many at a time.
 * @param work What is done.
 * @throws What the first that failed has thrown.
 */
export async function sideBySide<T>(
  items: Iterable<T>,
  most: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = [...items];
  const failures: unknown[] = [];
  const lane = async () => {
    while (left.length > 0 && failures.length === 0) {
      await work(left.shift()!).catch((error) => void failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: most }, lane));
  if (failures.length > 0) throw failures[0];
}
