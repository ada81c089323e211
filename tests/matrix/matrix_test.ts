/**
 * Every form and compression, of every kind of image, tried on every program
 * that is here. `DOCKER_PULL_MATRIX=all` tries every cell, without it a few;
 * `DOCKER_PULL_MATRIX=update` writes down what came of them.
 */

import { assertEquals } from "@std/assert";
import { realpathSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Workspace } from "../e2e/workspace.ts";
import { test } from "../harness.ts";
import {
  type Column,
  columnName,
  COLUMNS,
  KIND_NAMES,
  makeFile,
  type MatrixFile,
} from "./kinds.ts";
import { MATRIX_LOADERS } from "./loaders.ts";
import {
  EXPECTED_FILE,
  type Matrix,
  readExpected,
  refusalName,
  renderMatrix,
} from "./matrix.ts";

const DOCS = fileURLToPath(new URL("../../docs/loaders.md", import.meta.url));
const mode = process.env.DOCKER_PULL_MATRIX;
const whole = mode === "all" || mode === "update";
/** They are slow, and do the same whoever asks them. */
const elsewhere = !("Deno" in globalThis) && "asked under Deno";

/** What is tried where not all is. */
const FEW_KINDS = ["gzip", "mixed", "repeated layer", "two tags"];
const FEW_COLUMNS = [
  "tar as-is",
  "tar zstd",
  "oci-archive gzip",
  "oci plain",
  "docker-legacy plain",
];

const kinds = whole ? KIND_NAMES : FEW_KINDS;
const columns = COLUMNS.filter((column) =>
  whole || FEW_COLUMNS.includes(columnName(column))
);

const workspace = new Workspace();
/** In lower case: Podman calls a folder's image after its path. */
const folder = join(
  realpathSync(tmpdir()),
  `docker-pull-matrix-${process.pid}`,
);
const files = new Map<string, Promise<MatrixFile>>();

function fileOf(kind: string, column: Column): Promise<MatrixFile> {
  const key = `${kind} ${columnName(column)}`;
  const known = files.get(key) ??
    mkdir(folder, { recursive: true })
      .then(() => makeFile(kind, column, folder));
  files.set(key, known);
  return known;
}

/** Writes the expectations down, loaders in their order. */
async function update(matrix: Matrix): Promise<void> {
  const sorted = MATRIX_LOADERS.flatMap(({ title }) =>
    matrix[title] ? [[title, matrix[title]]] : []
  );
  const text = JSON.stringify(Object.fromEntries(sorted), null, 2);
  await writeFile(EXPECTED_FILE, `${text}\n`);
}

const known = readExpected();

/** Whether it is known what is to be expected, or is to be found out. */
function isKnown(title: string, column: Column): boolean {
  return mode === "update" || columnName(column) in (known[title] ?? {});
}

/** A program that nobody has tried all of this on yet is not asked. */
function untried(title: string): string | false {
  return mode !== "update" && !known[title] && "nothing is known of it yet";
}

for (const { title, skip, takes, start } of MATRIX_LOADERS) {
  test(
    `${title} takes what is expected`,
    { skip: skip || elsewhere || untried(title) },
    async () => {
      const place = join(workspace.folder, title.replaceAll(/\W+/g, "-"));
      const loader = await start(place);
      const matrix: Matrix[string] = {};
      const reasons: string[] = [];
      try {
        for (const column of columns.filter(takes)) {
          if (!isKnown(title, column)) continue;
          const refused: Record<string, string> = {};
          for (const kind of kinds) {
            try {
              loader.take(await fileOf(kind, column));
            } catch (error) {
              const { message } = error as Error;
              const text = `${title}, ${
                columnName(column)
              }, ${kind}: ${message}`;
              reasons.push(text);
              refused[kind] = refusalName(message) ?? `not named: ${text}`;
            }
          }
          matrix[columnName(column)] = refused;
          // What is known of others stays.
          if (mode !== "update") continue;
          const all = readExpected();
          const own = { ...all[title], [columnName(column)]: refused };
          await update({ ...all, [title]: own });
        }
      } finally {
        await loader.stop();
      }
      if (mode === "update") {
        console.error(reasons.join("\n"));
        return;
      }
      const tried = columns.filter((column) => columnName(column) in matrix);
      const expected = Object.fromEntries(
        tried.map((column) => {
          const refused = Object.entries(
            known[title]?.[columnName(column)] ?? {},
          );
          return [
            columnName(column),
            Object.fromEntries(
              refused.filter(([kind]) => kinds.includes(kind)),
            ),
          ];
        }),
      );
      assertEquals(matrix, expected, reasons.join("\n"));
    },
  );
}

test("docs/loaders.md says who takes what", async () => {
  const docs = await readFile(DOCS, "utf8");
  if (mode === "update") {
    const matrix = readExpected();
    const [head, , tail] = docs.split(/(?<=<!-- \/?matrix -->\n)/);
    await writeFile(
      DOCS,
      `${head}\n${renderMatrix(matrix)}\n\n<!-- /matrix -->\n${tail ?? ""}`,
    );
    return;
  }
  const plain = (text: string) =>
    text.replaceAll(/-+/g, "-").replaceAll(/\s+/g, " ").trim();
  const told = /<!-- matrix -->([^]*)<!-- \/matrix -->/.exec(docs)?.[1] ?? "";
  assertEquals(plain(told), plain(renderMatrix(known)));
});

test("the files of the matrix are cleared away", async () => {
  await rm(folder, { recursive: true, force: true });
});

workspace.stopAtEnd();
