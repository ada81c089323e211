/** What is known of who takes what, and the table that says so. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { columnName, COLUMNS, KIND_NAMES } from "./kinds.ts";

/**
 * By loader and column, the kinds that are refused, each with what the refusal
 * is called; `-` in place of a column that the loader is not meant for.
 */
export type Matrix = Record<string, Record<string, Record<string, string>>>;

/** Refusals by what they say, and what they are called in the table. */
export const REFUSALS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/one-platform/, "the form holds one platform"],
  [
    /does not contain a manifest\.json|manifest\.json not found in tar|blobs\/json: no such file|manifest\.json\\?"?: file does not exist/,
    "there is no manifest.json",
  ],
  [/more than one image in oci/, "it takes one name of a layout"],
  [/a layer is lost/, "it loses one of two layers that are the same"],
  [/unsupported config media type/, "it makes no image of it"],
  [/index\.json: no such file/, "there is no index.json"],
  [/ApplyLayer exit status 1|gzip: invalid header/, "it knows no zstd"],
];

/** What a refusal is called. */
export function refusalName(text: string): string | undefined {
  return REFUSALS.find(([pattern]) => pattern.test(text))?.[1];
}

const FILE = fileURLToPath(new URL("expected.json", import.meta.url));

/** Where the expectations are. */
export const EXPECTED_FILE: string = FILE;

/** What is expected. */
export function readExpected(): Matrix {
  return JSON.parse(readFileSync(FILE, "utf8"));
}

/** The table, and below it what is refused. */
export function renderMatrix(matrix: Matrix): string {
  const titles = Object.keys(matrix);
  const notes = new Map<string, number>();
  const cell = (title: string, column: string): string => {
    const refused = matrix[title]![column];
    // It is not meant for that, or was not tried.
    if (!refused) return " ";
    const kinds = Object.keys(refused);
    if (kinds.length === 0) return "all";
    const marks = [...new Set(Object.values(refused))].map((name) => {
      const those = kinds.filter((kind) => refused[kind] === name);
      const text = those.length === KIND_NAMES.length
        ? `None: ${name}`
        : `Not ${those.join(", ")}: ${name}`;
      if (!notes.has(text)) notes.set(text, notes.size + 1);
      return notes.get(text)!;
    }).sort((a, b) => a - b);
    const some = kinds.length < KIND_NAMES.length;
    return `${some ? "most" : "none"} (${marks.join(", ")})`;
  };
  const columns = COLUMNS.map(columnName);
  const rows = columns.map((column) =>
    `| \`${column.replace(" ", "`, `")}\` | ${
      titles.map((title) => cell(title, column)).join(" | ")
    } |`
  );
  return [
    `| form, layers | ${titles.join(" | ")} |`,
    `| --- |${titles.map(() => " --- |").join("")}`,
    ...rows,
    "",
    ...[...notes].map(([text, number]) => `${number}. ${text}.`),
  ].join("\n");
}
