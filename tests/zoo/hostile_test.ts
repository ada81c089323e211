/**
 * What hostile and broken servers do, one test for each: it ends in the
 * documented error, with nothing secret sent or printed, and in bounds.
 */

import { assert, assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { playRow } from "./hostile/play.ts";
import { ROWS } from "./hostile/rows.ts";

const table: string[] = [];

for (const row of ROWS) {
  test(`hostile: ${row.what}`, async () => {
    const { name, requests, bytes } = await playRow(row, "file");
    table.push(
      [
        row.what.padEnd(68),
        name.padEnd(25),
        `${requests}`.padStart(8),
        `${Math.ceil(bytes / 1024)}`.padStart(8),
      ].join("  "),
    );
  });
}

test("hostile: the table", () => {
  assertEquals(table.length, ROWS.length);
  const bad = ROWS.filter(({ ends }) => ends !== "pulled").length;
  assert(bad >= 40);
  const head = [
    "what is done wrong".padEnd(68),
    "ends in".padEnd(25),
    "requests",
    "KiB read",
  ].join("  ");
  console.log([head, ...table].join("\n"));
});
