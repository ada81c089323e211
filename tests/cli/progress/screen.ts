/** A terminal of a few lines of code, to see what is on it after all. */

import type { Output } from "../../../cli/io.ts";

/** Understands what the command writes, and throws at anything else. */
export class Screen implements Output {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** Whether the cursor can be seen. */
  cursor = true;
  /** Everything that was written. */
  written = "";
  /** All lines, those that have scrolled away included. */
  #lines: string[][] = [[]];
  #top = 0;
  #x = 0;
  #y = 0;
  /** A place on the screen, which does not scroll. */
  #kept: [x: number, y: number] = [0, 0];

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string, done?: (error?: Error | null) => void): boolean {
    this.written += text;
    // deno-lint-ignore no-control-regex
    const pattern = /\x1b\[(\??)(\d*)([A-Za-z])|\x1b[78]|[\s\S]/gu;
    for (const [all, mark, count, letter] of text.matchAll(pattern)) {
      if (letter) this.#control(mark + letter, Number(count || 0));
      else if (all === "\x1b7") this.#kept = [this.#x, this.#y - this.#top];
      else if (all === "\x1b8") {
        this.#x = this.#kept[0];
        this.#y = this.#top + this.#kept[1];
      } else this.#put(all);
    }
    done?.();
    return true;
  }

  /** Echoes what is typed, as a terminal does. */
  type(text: string): void {
    for (const character of text) this.#put(character);
  }

  /** The text on the whole scroll, without blanks at the ends. */
  get text(): string[] {
    const lines = this.#lines.map((line) => line.join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  #put(character: string): void {
    if (character === "\r") this.#x = 0;
    else if (character === "\n") this.#newLine();
    else {
      if (character < " " || character === "\x7f") {
        throw new Error(`Cannot show ${JSON.stringify(character)}`);
      }
      if (this.#x >= this.columns) this.#newLine();
      this.#line[this.#x++] = character;
    }
  }

  #control(letter: string, count: number): void {
    if (letter === "A") this.#y = Math.max(this.#top, this.#y - (count || 1));
    else if (letter === "K") this.#line.length = this.#x;
    else if (letter === "J") {
      this.#line.length = Math.min(this.#x, this.#line.length);
      this.#lines.length = this.#y + 1;
    } else if (letter === "?h") this.cursor = true;
    else if (letter === "?l") this.cursor = false;
    else if (letter !== "m") throw new Error(`Cannot obey ${letter}`);
  }

  #newLine(): void {
    this.#x = 0;
    this.#y++;
    this.#lines[this.#y] ??= [];
    this.#top = Math.max(this.#top, this.#y - this.rows + 1);
  }

  get #line(): string[] {
    const line = this.#lines[this.#y]!;
    while (line.length < this.#x) line.push(" ");
    return line;
  }
}

/** An output that is no terminal. */
export class Sink implements Output {
  readonly isTTY = false;
  /** Everything that was written. */
  text = "";

  write(
    text: string | Uint8Array,
    done?: (error?: Error | null) => void,
  ): boolean {
    this.text += typeof text === "string"
      ? text
      : new TextDecoder().decode(text);
    done?.();
    return true;
  }
}
