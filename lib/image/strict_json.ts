/**
 * JSON that every reader reads alike. Go's `encoding/json`, by which loaders
 * go, takes `Layers` for `layers`, merges what stands twice, and refuses
 * numbers that this language takes: what is signed must be what is loaded.
 */

import { InvalidDocumentError } from "./errors.ts";
import type { DocumentProblem, JsonType } from "./problems.ts";

/** How a member is read whose name counts; null stands for none of each. */
export type Member =
  | "any"
  /** A number that is written as Go writes it. */
  | "integer"
  /** What fits into Go's int64, as do durations of nanoseconds. */
  | "int64"
  | "bool"
  /** A text, or a list of them, that this library reads, too, and checks. */
  | "text"
  /** A text that is the loaders' affair. */
  | "string"
  /** A time of RFC 3339. */
  | "time"
  | { list: Member }
  /** An object of any names, each of which may have to stand there once. */
  | { map: Member; once?: boolean }
  | Shape;

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
/** Beginnings of values, and what they are called. */
const KINDS = {
  "{": "object",
  "[": "list",
  '"': "text",
  number: "number",
  bool: "boolean",
} as const;

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
    throw new InvalidDocumentError(subject, { code: "no-json" }, { cause });
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
    switch (start) {
      case "{":
        this.#expect(member, name, start);
        return this.#within(() => this.#object(member));
      case "[":
        this.#expect(member, name, start);
        return this.#within(() => this.#list(member, name));
      case '"': {
        const raw = this.#string();
        this.#expect(member, name, start, raw);
        // Half a character is replaced by one reader and kept by another.
        if (
          member === "text" && raw.includes("\\u") &&
          /\p{Surrogate}/u.test(decode(raw))
        ) this.#refuse({ code: "ambiguous-character", field: name });
        if (member === "time" && !isTime(decode(raw))) {
          this.#refuseType(name, raw, "time");
        }
        return;
      }
      default: {
        const literal = this.#literal();
        if (literal === "null") return;
        const kind = /^[-\d]/.test(literal) ? "number" : "bool";
        this.#expect(member, name, kind, literal);
        if (
          member === "integer" &&
          !(INTEGER.test(literal) && Number.isSafeInteger(Number(literal)))
        ) {
          const written = literal.slice(0, 40);
          this.#refuse({ code: "ambiguous-number", field: name, written });
        }
        if (member === "int64" && !isInt64(literal)) {
          this.#refuseType(name, literal, "int64");
        }
      }
    }
  }

  /** Refuses a value of another kind than Go has the member. */
  #expect(
    member: Member | undefined,
    name: string,
    kind: keyof typeof KINDS,
    written?: string,
  ): void {
    if (member === "integer" && kind !== "number") {
      this.#refuse({ code: "ambiguous-no-number", field: name });
    }
    const wanted = kindOf(member);
    if (wanted !== undefined && wanted !== kind) {
      this.#refuseType(name, written ?? kind, KINDS[wanted]);
    }
  }

  #within(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) {
      this.#refuse({ code: "ambiguous-nesting", limit: MAX_DEPTH });
    }
    this.#at++;
    read();
    this.#depth--;
  }

  #object(member: Member | undefined): void {
    const shape = isShape(member) ? member : undefined;
    const map = typeof member === "object" && "map" in member
      ? member
      : undefined;
    const each = map?.map;
    const seen = new Set<string>();
    while (this.#token() !== "}") {
      const raw = this.#string();
      const written = shape || map ? decode(raw) : "";
      const name = shape && this.#memberOf(shape, seen, written);
      if (map?.once && seen.size === seen.add(written).size) {
        this.#refuse({ code: "ambiguous-repetition", written });
      }
      this.#token(); // the colon
      this.#at++;
      this.value(
        name === undefined ? each : shape!.members[name],
        name ?? (each && JSON.stringify(written.slice(0, 40))),
      );
      if (this.#token() === ",") this.#at++;
    }
    this.#at++;
  }

  /** What is in a list of no other kind is read as the list is. */
  #list(member: Member | undefined, name: string): void {
    const each = typeof member === "object" && "list" in member
      ? member.list
      : member;
    while (this.#token() !== "]") {
      this.value(each, name);
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
    const spelt = { written: name, field: meant };
    if (seen.has(meant)) {
      this.#refuse(
        exact
          ? { code: "ambiguous-repetition", written: name }
          : { code: "ambiguous-neighbour", ...spelt },
      );
    }
    if (!exact && !foreign) {
      this.#refuse({ code: "ambiguous-spelling", ...spelt });
    }
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

  #refuse(problem: DocumentProblem): never {
    throw new InvalidDocumentError(this.#subject, problem);
  }

  /** Other programs refuse it. */
  #refuseType(field: string, found: string, wanted: JsonType): never {
    this.#refuse({
      code: "wrong-type",
      field,
      found: found.slice(0, 40),
      wanted,
    });
  }
}

function isShape(member: Member | undefined): member is Shape {
  return typeof member === "object" && "members" in member;
}

/** What a member's value begins with; nothing where others see to that. */
function kindOf(member: Member | undefined): keyof typeof KINDS | undefined {
  switch (member) {
    case "int64":
      return "number";
    case "bool":
      return "bool";
    case "string":
    case "time":
      return '"';
  }
  if (typeof member !== "object") return undefined;
  if ("list" in member) return "[";
  if ("map" in member) return "{";
  return member.foreign ? "{" : undefined;
}

function isInt64(literal: string): boolean {
  return /^-?\d{1,19}$/.test(literal) &&
    BigInt.asIntN(64, BigInt(literal)) === BigInt(literal);
}

const TIME =
  /^(\d{4}-\d\d-(\d\d))T(?:\d|[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** As Go has it, which takes an hour of one digit. */
function isTime(text: string): boolean {
  const [, date, day] = TIME.exec(text) ?? [];
  if (date === undefined) return false;
  // A day that there is not becomes another one.
  const time = new Date(`${date}T00:00:00Z`);
  return time.getUTCDate() === Number(day);
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
