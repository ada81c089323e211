/** The lowest lines of a terminal, redrawn in place. */

import { stripAnsiCode } from "@std/fmt/colors";
import type { Output } from "./io.ts";
import { width } from "./text.ts";

const ESC = "\x1b[";
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
const ERASE_LINE = `${ESC}K`;
const ERASE_BELOW = `${ESC}J`;

/**
 * Keeps a few live lines at the bottom, while finished ones scroll away above
 * them. Each update is one write, so that nothing flickers.
 */
export class LiveArea {
  #output: Output;
  /** The widths of the lines that stand there now; the cursor is behind the last. */
  #drawn: number[] = [];
  #hidden = false;

  /** Draws on a terminal. */
  constructor(output: Output) {
    this.#output = output;
  }

  /** The columns that a live line may take. */
  get columns(): number {
    // One less than there are: a full line would leave the cursor in between.
    return Math.max(1, (this.#output.columns || 80) - 1);
  }

  /** The number of live lines that there is room for. */
  get rows(): number {
    return Math.max(1, (this.#output.rows || 24) - 1);
  }

  /**
   * Puts finished lines above and replaces the live ones, each of which must
   * fit the terminal's width.
   */
  update(finished: readonly string[], live: readonly string[]): void {
    if (!finished.length && !live.length && !this.#drawn.length) return;
    let text = this.#toStart();
    if (live.length && !this.#hidden) text = HIDE_CURSOR + text;
    // A finished line may be wider than the terminal and need rows of its own.
    if (finished.length) text += ERASE_BELOW + finished.join("\n") + "\n";
    text += live.map((line) => ERASE_LINE + line).join("\n") + ERASE_BELOW;
    if (!live.length && this.#hidden) text += SHOW_CURSOR;
    this.#hidden = live.length > 0;
    this.#drawn = live.map((line) => width(stripAnsiCode(line)));
    this.#output.write(text);
  }

  /** Takes the live lines away and gives the cursor back. */
  clear(): void {
    this.update([], []);
  }

  /** Moves the cursor to the first live line's first column. */
  #toStart(): string {
    const columns = this.#output.columns || 80;
    // A terminal made narrower has broken the lines that were there.
    const rows = this.#drawn
      .reduce((sum, taken) => sum + Math.max(1, Math.ceil(taken / columns)), 0);
    return rows > 1 ? `\r${ESC}${rows - 1}A` : "\r";
  }
}
