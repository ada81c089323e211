/** One line of progress, made to fit. */

import { format as formatBytes } from "@std/fmt/bytes";
import type { Style } from "./style.ts";
import { formatWholeTime, truncate, width } from "./text.ts";

/** What a line shows. */
export interface RowContent {
  /** What it is about. */
  label: string;
  /** The bytes that are there. */
  received: number;
  /** The bytes that there will be. */
  size: number;
  /** Bytes in a second, 0 where that is not known. */
  rate: number;
  /**
   * The bytes that are still to come at that speed.
   *
   * @default {undefined} All that are not there.
   */
  missing?: number;
  /** Words in place of the speed and the time left. */
  note?: string;
}

const LABEL = 12;
const SIZES = 17;
const RATE = 9;
const LEFT = 7;
const MIN_BAR = 5;
const MAX_BAR = 30;

/**
 * A line with bar, percentage, sizes, speed and time left. What there is no
 * room for is left out: the sizes first, then the speed, then the bar.
 */
export function formatRow(
  { label, received, size, rate, missing = size - received, note }: RowContent,
  columns: number,
  style: Style,
): string {
  const fraction = size > 0 ? Math.min(1, Math.max(0, received / size)) : 1;
  // The last percent is kept until all is there.
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  const left = rate > 0 && missing > 0
    ? formatWholeTime(missing / rate * 1000)
    : "";
  const sizes = `${formatBytes(Math.floor(received))}/${formatBytes(size)}`;
  const speed = rate > 0 ? `${formatBytes(Math.floor(rate))}/s` : "";
  const tail = note === undefined
    ? [
      { text: sizes.padStart(SIZES), drop: 0 },
      { text: speed.padStart(RATE + 1), drop: 1 },
      { text: left.padStart(LEFT), drop: 2 },
    ]
    : [
      { text: sizes.padStart(SIZES), drop: 0 },
      { text: note.padEnd(RATE + LEFT + 2), drop: 2 },
    ];

  const taken = (parts: typeof tail) =>
    LABEL + 1 + percent.length +
    parts.reduce((sum, { text }) => sum + 1 + width(text), 0);
  let parts = tail;
  for (let drop = 0; drop < 2; drop++) {
    if (taken(parts) + MIN_BAR + 1 > columns) {
      parts = parts.filter((part) => part.drop > drop);
    }
  }
  const room = columns - taken(parts) - 1;
  const bar = room >= MIN_BAR
    ? ` ${drawBar(fraction, Math.min(MAX_BAR, room), style)}`
    : "";
  const name = truncate(label, LABEL).padEnd(LABEL);
  const text = parts.map(({ text }) => ` ${text}`).join("");
  return bar || taken(parts) <= columns
    ? `${name}${bar} ${percent}${style.faint(text)}`
    : truncate(`${name} ${percent}`, columns);
}

function drawBar(fraction: number, length: number, style: Style): string {
  const full = Math.floor(fraction * length);
  return style.good("█".repeat(full)) + style.faint("░".repeat(length - full));
}
