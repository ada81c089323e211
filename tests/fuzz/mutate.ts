/** Makes of what is right something that is nearly right. */

import type { Random } from "../faults/random.ts";

/** Pieces that have broken parsers before. */
const TROUBLE = [
  "__proto__",
  "constructor",
  "prototype",
  "\0",
  "\x1b[2J\x1b]0;title\x07",
  "\u202e",
  "\ufeff",
  "\ud800",
  "../../../../etc/passwd",
  "..\\..\\",
  "%2e%2e%2f",
  "-1",
  "0x10",
  "1e309",
  "9007199254740993",
  "99999999999999999999999999",
  "NaN",
  "null",
  "true",
  "[]",
  "{}",
  '"',
  "\\",
  ",",
  ";",
  ":",
  "=",
  "@",
  "/",
  "//",
  " ",
  "\t",
  "\r\n",
  "sha256:",
  "sha512:",
  "unknown/unknown",
  "http://169.254.169.254/",
  "javascript:alert(1)",
  "\u{1f433}",
];

/** Repeats to a length at which what is quadratic shows. */
const LENGTHS = [5, 20, 100, 1_000, 20_000];

/** Changes a text in one to several ways. */
export function mutate(
  text: string,
  others: readonly string[],
  random: Random,
): string {
  let result = text;
  for (let times = 1 + random.int(0, 4); times > 0; times--) {
    result = once(result, others, random);
  }
  return result.slice(0, 500_000);
}

function once(
  text: string,
  others: readonly string[],
  random: Random,
): string {
  const from = random.int(0, text.length + 1);
  const to = Math.min(text.length, from + random.int(0, 20));
  const [before, part, after] = [
    text.slice(0, from),
    text.slice(from, to),
    text.slice(to),
  ];
  switch (random.int(0, 10)) {
    case 0:
      return before + after;
    case 1:
      return before + random.pick(TROUBLE) + after;
    case 2:
      return before + part + part + after;
    case 3:
      return before + (part || random.pick(TROUBLE))
        .repeat(random.pick(LENGTHS)).slice(0, 200_000) +
        after;
    case 4: {
      const other = random.pick(others);
      return before + other.slice(random.int(0, other.length)) + after;
    }
    case 5: {
      const code = text.charCodeAt(from) ^ (1 << random.int(0, 8));
      return before + String.fromCharCode(code & 0xffff) + text.slice(from + 1);
    }
    case 6:
      return before + String.fromCharCode(random.int(0, 0x250)) + after;
    case 7: {
      // Nested deeper than any recursion goes.
      const depth = random.pick([20, 500, 500, 20_000]);
      const [open, close] = random.pick([["[", "]"], ['{"a":', "}"], [
        "(",
        ")",
      ]]);
      return before + open!.repeat(depth) + part + close!.repeat(depth) + after;
    }
    case 8:
      return text.replace(
        /\d+/g,
        (digits) => random.chance(0.3) ? random.pick(TROUBLE) : digits,
      );
    default: {
      const words = text.split(/(?=[,;:=@/ "{}[\]])/);
      const [i, j] = [random.int(0, words.length), random.int(0, words.length)];
      [words[i], words[j]] = [words[j]!, words[i]!];
      return words.join("");
    }
  }
}
