/**
 * JSON that every reader reads alike. Go's `encoding/json`, by which loaders
 * go, takes `Layers` for `layers`, merges what stands twice, and refuses
 * numbers that this language takes: what is signed must be what is loaded.
 */

import { InvalidDocumentError } from "./errors.ts";

/** How a member is read whose name counts. */
export type Member = "integer" | "text" | "any" | Shape;

/** The members of an object that a reader looks at, or of objects in a list. */
export interface Shape {
  /** By name, which is ASCII. All others are nobody's affair. */
  members: Readonly<Record<string, Member>>;
  /**
   * Whether this library does not look at them itself, so that one that is
   * spelt otherwise, and stands once, means the same to all that do.
   */
  foreign?: boolean;
}

/** Go's own limit is 10,000; nobody's documents come near either. */
const MAX_DEPTH = 1_000;
const INTEGER = /^(?:0|-?[1-9]\d*)$/;

/**
 * Parses JSON, and refuses what other readers may take for something else.
 *
 * @param bytes The text, in UTF-8.
 * @param shape Which members count.
 * @param subject What to call it in an error.
 * @returns The value.
 * @throws {InvalidDocumentError} If it is no JSON, or is ambiguous.
 */
export function parseStrictJson(
  bytes: Uint8Array,
  shape: Shape,
  subject: string,
): unknown {
  let text: string;
  let value: unknown;
  try {
    // A mark at the beginning is no JSON to anyone else.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    text = decoder.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidDocumentError(subject, "it is no JSON", { cause });
  }
  new Scan(text, subject).value(shape);
  return value;
}

/** Goes once through a text that is known to be JSON. */
class Scan {
  readonly #text: string;
  readonly #subject: string;
  #at = 0;
  #depth = 0;

  constructor(text: string, subject: string) {
    this.#text = text;
    this.#subject = subject;
  }

  /** Reads a value, as the member that it is of. */
  value(member: Member | undefined, name = ""): void {
    const start = this.#token();
    this.#checkType(member, name, start);
    switch (start) {
      case "{":
        return this.#within(() =>
          this.#object(typeof member === "object" ? member : undefined)
        );
      case "[":
        return this.#within(() => this.#list(member, name));
      case '"': {
        const raw = this.#string();
        // Half a character is replaced by one reader and kept by another.
        if (
          member === "text" && raw.includes("\\u") &&
          /\p{Surrogate}/u.test(decode(raw))
        ) this.#refuse(`${name} has half a character in it`);
        return;
      }
      default: {
        const literal = this.#literal();
        if (
          member === "integer" && /^[-\d]/.test(literal) &&
          !(INTEGER.test(literal) && Number.isSafeInteger(Number(literal)))
        ) this.#refuse(`${name} is written ${literal.slice(0, 40)}`);
      }
    }
  }

  /** Go refuses a number of another type; `null`, it takes for none. */
  #checkType(member: Member | undefined, name: string, start: string): void {
    if (member === "integer" && !/[-\dn]/.test(start)) {
      this.#refuse(`${name} is no number`);
    }
  }

  #within(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) {
      this.#refuse(`it is nested more than ${MAX_DEPTH} deep`);
    }
    this.#at++;
    read();
    this.#depth--;
  }

  #object(shape: Shape | undefined): void {
    const seen = new Set<string>();
    while (this.#token() !== "}") {
      const raw = this.#string();
      const name = shape && this.#memberOf(shape, seen, decode(raw));
      this.#token(); // the colon
      this.#at++;
      this.value(name === undefined ? undefined : shape!.members[name], name);
      if (this.#token() === ",") this.#at++;
    }
    this.#at++;
  }

  /** What is in a list is read as the list is. */
  #list(member: Member | undefined, name: string): void {
    while (this.#token() !== "]") {
      this.value(member, name);
      if (this.#token() === ",") this.#at++;
    }
    this.#at++;
  }

  /** Which of the members that count is meant by a name. */
  #memberOf(
    { members, foreign }: Shape,
    seen: Set<string>,
    name: string,
  ): string | undefined {
    const exact = Object.hasOwn(members, name);
    const meant = exact ? name : spellings(members).get(fold(name));
    if (meant === undefined) return undefined;
    const written = JSON.stringify(name);
    if (seen.has(meant)) {
      this.#refuse(
        `it has ${written}${exact ? " twice" : ` beside "${meant}"`}`,
      );
    }
    if (!exact && !foreign) this.#refuse(`it has ${written} for "${meant}"`);
    seen.add(meant);
    return meant;
  }

  /** The next character that is no space. */
  #token(): string {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at++;
    return this.#text.charAt(this.#at);
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at++;
    while (text.charCodeAt(this.#at) !== 0x22) { // the quote
      this.#at += text.charCodeAt(this.#at) === 0x5c ? 2 : 1; // a backslash
    }
    return text.slice(start, ++this.#at);
  }

  /** A number, or one of the three words. */
  #literal(): string {
    const start = this.#at;
    while (/[-+.\w]/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #refuse(reason: string): never {
    throw new InvalidDocumentError(
      this.#subject,
      `${reason}, which other programs read otherwise`,
      { kind: "ambiguous" },
    );
  }
}

function decode(raw: string): string {
  return raw.includes("\\") ? JSON.parse(raw) as string : raw.slice(1, -1);
}

const SPELLINGS = new WeakMap<Shape["members"], Map<string, string>>();

/** The names of members, by what all their spellings are folded into. */
function spellings(members: Shape["members"]): Map<string, string> {
  let found = SPELLINGS.get(members);
  if (!found) {
    found = new Map(Object.keys(members).map((name) => [fold(name), name]));
    SPELLINGS.set(members, found);
  }
  return found;
}

/**
 * As Go compares names: beside capitals, two letters beyond ASCII are folded
 * into ASCII by Unicode, the long s and the sign of kelvin.
 */
function fold(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll("\u017f", "s").replaceAll("\u212a", "k");
}
