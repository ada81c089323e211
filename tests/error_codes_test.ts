/** Holds docs/errors.md to the codes of the errors in lib/. */

import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { test } from "./harness.ts";

const ROOT = new URL("../", import.meta.url);
const PAGE = new URL("docs/errors.md", ROOT);

function sources(folder: string): string[] {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true })
    .filter((entry) => entry.isFile()).map(({ name }) => folder + name);
}

/** The sources that have classes of errors, and their codes. */
const text = [
  ...sources("lib/image/"),
  ...sources("lib/lists/"),
  ...sources("lib/serve/"),
].filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(new URL(file, ROOT), "utf8")).join("\n")
  .replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");

function quoted(union: string): string[] {
  return [...union.matchAll(/"([a-z0-9-]+)"/g)].map(([, code = ""]) => code);
}

/** The codes of a union of problems, or of codes alone. */
function codesOf(type: string): string[] {
  const body = new RegExp(`export type ${type} =([^]*?);\\n(?=\\n|export|$)`)
    .exec(text)?.[1];
  assert(body !== undefined, type);
  const codes = [...body.matchAll(/\bcode:\s*([^;}]+)/g)]
    .flatMap(([, union = ""]) => [
      ...quoted(union),
      ...[...union.matchAll(/\b[A-Z]\w+/g)].flatMap(([name]) => codesOf(name)),
    ]);
  const others = [...body.matchAll(/^\s*\|?\s*([A-Z]\w+)$/gm)];
  codes.push(...others.flatMap(([, name = ""]) => codesOf(name)));
  return codes.length > 0 ? codes : quoted(body);
}

/** The codes of every class of errors that names them. */
function classes(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (
    const [, name = "", type, body = ""] of text.matchAll(
      /export class (\w+)\s+extends \w+(?:<(\w+)>)?\s*\{([^]*?)\n\}/g,
    )
  ) {
    const own = /declare readonly code:\s*([^;]+);/.exec(body)?.[1]?.trim();
    const codes = type
      ? codesOf(type)
      : own === undefined || own === "string"
      ? []
      : own.includes('"')
      ? quoted(own)
      : codesOf(own);
    if (codes.length > 0) found.set(name, [...new Set(codes)].sort());
  }
  return found;
}

function table(): string {
  const rows = [...classes()].sort(([a], [b]) => a < b ? -1 : 1);
  return [
    "| error | codes |",
    "| --- | --- |",
    ...rows.map(([name, codes]) =>
      `| \`${name}\` | ${codes.map((code) => `\`${code}\``).join(", ")} |`
    ),
  ].join("\n");
}

/** Without what a formatter adds. */
const plain = (markdown: string) =>
  markdown.replace(/-{3,}/g, "---").replace(/ +/g, " ").trim();

test("docs/errors.md has every error and its codes", () => {
  const page = readFileSync(PAGE, "utf8");
  const marks = /(<!-- codes -->\n)([^]*)(<!-- \/codes -->)/;
  const [, open, shown = "", close] = marks.exec(page) ?? [];
  assert(classes().size > 10);
  // UPDATE_README=1 brings it up to date; the formatter does the rest.
  if (process.env.UPDATE_README) {
    const updated = `${open}\n${table()}\n\n${close}`;
    writeFileSync(PAGE, page.replace(marks, () => updated));
  } else assertEquals(plain(shown).split("\n"), table().split("\n"));
});
