/** Finds the lines of a JSON object's members, and where it is no JSON. */

/** A member of the outermost object. */
export interface Member {
  /** Its name. */
  name: string;
  /** The line of its name, from 1. */
  line: number;
}

/**
 * The text is no JSON. The message says why without a word of the text, which
 * may be a password.
 */
export class JsonFault extends Error {
  /** The line, from 1. */
  readonly line: number;

  /** Made with half a sentence. */
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

const CHARACTERS = String.raw`[^"\\\u0000-\u001f]*`;
const ESCAPED = String.raw`\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})`;
const TOKEN = new RegExp(
  `("${CHARACTERS}(?:${ESCAPED}${CHARACTERS})*")|` +
    String.raw`((?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|` +
    String.raw`null)(?![\w.+-]))|([{}[\],:])`,
  "y",
);
const MAX_DEPTH = 64;

/**
 * Reads a text as JSON does, for the lines in it.
 *
 * @returns The members of the outermost object, those of a name that there is
 * already as well.
 * @throws {JsonFault} It is none.
 */
export function scanJson(text: string): Member[] {
  const scan = new Scan(text);
  scan.value(0);
  if (!scan.atEnd()) throw scan.fault("something comes after its end");
  return scan.members;
}

class Scan {
  readonly members: Member[] = [];
  readonly #text: string;
  #at = 0;
  /** The ends of the last word, and of the one before it. */
  #end = 0;
  #before = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads a value. */
  value(depth: number): void {
    if (depth > MAX_DEPTH) throw this.fault("it is nested too deep");
    const token = this.#next("a value is missing");
    if (token === "{") this.#list("}", () => this.#member(depth));
    else if (token === "[") this.#list("]", () => this.value(depth + 1));
    else if (/^[}\],:]$/.test(token)) throw this.#missing("a value is missing");
  }

  /** Whether nothing is left. */
  atEnd(): boolean {
    this.#skip();
    return this.#at >= this.#text.length;
  }

  /** What is wrong here. */
  fault(words: string, at = this.#at): JsonFault {
    return new JsonFault(words, this.#lineOf(at));
  }

  #lineOf(at: number): number {
    return this.#text.slice(0, at).split("\n").length;
  }

  /** What is missing before the last word is told of the line above it. */
  #missing(words: string): JsonFault {
    return this.fault(words, this.#before);
  }

  #list(close: string, item: () => void): void {
    if (this.#peek() === close) return void this.#next("");
    for (;;) {
      item();
      const end = `a comma or ${close} is missing`;
      const token = this.#next(end);
      if (token === close) return;
      if (token !== ",") throw this.#missing(end);
      if (this.#peek() === close) throw this.fault("a comma is too much");
    }
  }

  #member(depth: number): void {
    this.#skip();
    const line = this.#lineOf(this.#at);
    const name = this.#next("a name is missing");
    if (!name.startsWith('"')) throw this.#missing("a name is missing");
    if (depth === 0) this.members.push({ name: JSON.parse(name), line });
    if (this.#next("a colon is missing") !== ":") {
      throw this.#missing("a colon is missing");
    }
    this.value(depth + 1);
  }

  #skip(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #peek(): string {
    this.#skip();
    return this.#text[this.#at] ?? "";
  }

  /** Goes on by a word. */
  #next(missing: string): string {
    const first = this.#peek();
    this.#before = this.#end;
    if (first === "") throw this.#missing(missing);
    TOKEN.lastIndex = this.#at;
    const token = TOKEN.exec(this.#text)?.[0];
    if (token === undefined) throw this.fault(strange(first));
    this.#at = this.#end = TOKEN.lastIndex;
    return token;
  }
}

function strange(first: string): string {
  if (first === "/" || first === "#") return "there are no comments in JSON";
  if (first === '"') return "a text has no end, or a \\ that means nothing";
  return "a text has double quotes, and a word is true, false or null";
}
