/** Tables on a terminal. */

import { width } from "../progress/text.ts";

/**
 * Rows in columns.
 *
 * @param right The columns whose cells are numbers, and stand to the right.
 */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const columns = rows[0]!.map((_, i) =>
    Math.max(...rows.map((row) => width(row[i]!)))
  );
  return rows.map((row) =>
    row.map((cell, i) => {
      const pad = " ".repeat(columns[i]! - width(cell));
      return right.includes(i) ? pad + cell : cell + pad;
    }).join("  ").trimEnd()
  );
}
