/**
 * Reads `WWW-Authenticate`: a list of challenges, each with a list of
 * parameters, both separated by commas, which may also stand inside quotes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1}
 */

/** One way to log in that a server offers. */
export interface Challenge {
  /** The scheme in lower case: `bearer`, `basic`. */
  scheme: string;
  /** The parameters by name in lower case; the first of a name counts. */
  parameters: Map<string, string>;
}

/** Longer than any real header; what follows is left unread. */
const MAX_LENGTH = 16 * 1024;

const SPACE = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\[^])*)(?:"|$)/y;
/** Wider than the grammar: some send an address without quotes. */
const BARE = /[^\s,"]*/y;
const JUNK = /[^,]*/y;

/**
 * Reads the challenges of one header, or of several joined by commas. What is
 * malformed is skipped; the time is linear in the header's length.
 *
 * @param header The header's value.
 * @returns The challenges, as they stand.
 */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, MAX_LENGTH);
  const challenges: Challenge[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const match = pattern.exec(text) ?? undefined;
    if (match) position = pattern.lastIndex;
    return match;
  };
  while (take(SEPARATORS), position < text.length) {
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) {
      if (!take(QUOTED)?.[0]) take(JUNK);
      continue;
    }
    const spaced = take(SPACE)![0] !== "";
    if (text[position] === "=") {
      position++;
      take(SPACE);
      const quoted = take(QUOTED);
      const value = quoted
        ? quoted[1]!.replace(/\\([^])/g, "$1")
        : take(BARE)![0];
      const parameters = challenges.at(-1)?.parameters;
      if (parameters && !parameters.has(name)) parameters.set(name, value);
      continue;
    }
    challenges.push({ scheme: name, parameters: new Map() });
    // A token68, such as Negotiate's, is of no use here.
    if (spaced) take(TOKEN68);
  }
  return challenges;
}
