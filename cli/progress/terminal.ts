/** Lines on a terminal that change in place. */

import type { Output } from "../io.ts";

const ESC = "\x1b[";
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
const ERASE_LINE = `${ESC}K`;
const ERASE_BELOW = `${ESC}J`;
// DECSC and DECRC, which every terminal has.
const KEEP_PLACE = "\x1b7";
const TO_PLACE = "\x1b8";

/**
 * So many rows are taken at least, where there are: an Enter that is typed
 * moves the cursor down among them, and scrolls nothing away.
 */
const LEAST_ROWS = 4;

/**
 * Keeps a few live lines at the bottom, while finished ones scroll away above
 * them. Each update is one write, so that nothing flickers.
 *
 * Between updates the cursor stands at the first live line and can be seen, so
 * that nothing is to be put right wherever the process is stopped or killed.
 * What is typed is echoed there, and gone with the next update, which goes
 * back to the place that the terminal has kept.
 */
export class LiveArea {
  #output: Output;
  /** The terminal's size at the last update, while there are live lines. */
  #drawnAt: string | undefined;

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
    if (!finished.length && !live.length && !this.#drawnAt) return;
    let text = HIDE_CURSOR + this.#toStart();
    // A finished line may be wider than the terminal and need rows of its own.
    if (finished.length) text += ERASE_BELOW + finished.join("\n") + "\n";
    const lines = [...live];
    while (lines.length > 0 && lines.length < Math.min(LEAST_ROWS, this.rows)) {
      lines.push("");
    }
    text += lines.map((line) => ERASE_LINE + line).join("\n") + ERASE_BELOW;
    if (lines.length > 1) text += `${ESC}${lines.length - 1}A`;
    if (lines.length > 0) text += "\r" + KEEP_PLACE;
    this.#drawnAt = lines.length > 0 ? this.#size : undefined;
    this.#output.write(text + SHOW_CURSOR);
  }

  /** Takes the live lines away. */
  clear(): void {
    this.update([], []);
  }

  get #size(): string {
    return `${this.#output.columns} ${this.#output.rows}`;
  }

  /** Moves the cursor to the first live line's first column. */
  #toStart(): string {
    // A terminal of another size has moved its text, and the cursor with it,
    // but not the place that it has kept.
    return this.#drawnAt === this.#size ? TO_PLACE : "\r";
  }
}
