/** Numbers that look random and are the same for the same seed. */

/** A generator of numbers; see {@linkcode randomFrom}. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` up to, not including, `high`. */
  int(low: number, high: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** True with this probability. */
  chance(probability: number): boolean;
}

/**
 * Makes a generator (splitmix32 over a hash of the seed's words).
 *
 * @param seed Any numbers and texts; each list gives a sequence of its own.
 */
export function randomFrom(...seed: (string | number)[]): Random {
  let state = 0x811c9dc5;
  for (const char of seed.join("\n")) {
    state = Math.imul(state ^ char.codePointAt(0)!, 0x01000193);
  }
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return ((word ^ (word >>> 15)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number) =>
    low + Math.floor(next() * (high - low));
  return {
    next,
    int,
    pick: (items) => items[int(0, items.length)]!,
    chance: (probability) => next() < probability,
  };
}
