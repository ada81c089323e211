/** Puts tags into the order of the versions that they name. */

/** What comes before the version that it leads to. */
const BEFORE =
  /^(?:alpha|beta|dev|ea|m|milestone|nightly|pre|preview|rc|snapshot)$/;

/** A tag, taken apart. */
interface Parts {
  /** Whether it begins with a number, as versions do. */
  isVersion: boolean;
  /** Numbers and words, in turn. */
  words: (bigint | string)[];
}

/**
 * Compares tags as people count: `1.9` before `1.10`, `1.27-rc1` before `1.27`
 * and that before `1.27-alpine`, a leading `v` aside; what is no version comes
 * after all that are.
 *
 * @returns Below 0 where `a` comes first, above 0 where `b` does.
 */
export function compareTags(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  if (x.isVersion !== y.isVersion) return x.isVersion ? -1 : 1;
  const length = Math.max(x.words.length, y.words.length);
  for (let i = 0; i < length; i++) {
    const order = compareWords(x.words[i], y.words[i], i === 0);
    if (order !== 0) return order;
  }
  return compareTexts(a, b);
}

function partsOf(tag: string): Parts {
  const lower = tag.toLowerCase();
  const plain = /^v\d/.test(lower) ? lower.slice(1) : lower;
  const words = plain.match(/\d+|[a-z]+/g) ?? [];
  return {
    isVersion: /^\d/.test(plain),
    words: words.map((word) => /^\d/.test(word) ? BigInt(word) : word),
  };
}

function compareWords(
  a: bigint | string | undefined,
  b: bigint | string | undefined,
  isFirst: boolean,
): number {
  const [x, y] = [rankOf(a, isFirst), rankOf(b, isFirst)];
  if (x !== y) return x - y;
  if (typeof a === "bigint" && typeof b === "bigint") {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return typeof a === "string" && typeof b === "string"
    ? compareTexts(a, b)
    : 0;
}

/** What leads to a version, the version itself, its variants, those after it. */
function rankOf(word: bigint | string | undefined, isFirst: boolean): number {
  if (word === undefined) return 1;
  if (typeof word === "bigint") return 3;
  return !isFirst && BEFORE.test(word) ? 0 : 2;
}

/** The same on every machine, whatever its language. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
