/** Holds the documents to what is there: their links, and the translations. */

import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { EXIT } from "../cli/messages/exit_codes.ts";
import { test } from "./harness.ts";

const ROOT = new URL("../", import.meta.url);
const COMMANDS = ["npm ci && npm run demo", "npm ci && npm test"];

const translations = ["zh-CN", "zh-TW", "ja", "ko", "es"]
  .map((language) => `docs/README.${language}.md`);
const documents = [
  "README.md",
  ...readdirSync(new URL("docs/", ROOT)).filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...["SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"].filter((name) =>
    existsSync(new URL(name, ROOT))
  ),
];

function read(file: string | URL): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}

/** A document without its code, where brackets mean something else. */
function prose(markdown: string): string {
  return markdown.replace(/^([> ]*)(`{3,})[\s\S]*?^\1\2/gm, "")
    .replace(/(`+)[^`][\s\S]*?\1/g, "");
}

/** Where links lead that are to files or headings of the project. */
function relativeLinks(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(\s*<?([^\s)>]+)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target));
}

/** The names that GitHub gives to a document's headings. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ +(.+)$/gm)].map(([, heading = ""]) =>
    heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-")
  );
}

function isBroken(document: string, link: string): boolean {
  const target = new URL(link, new URL(document, ROOT));
  const anchor = decodeURIComponent(target.hash.slice(1));
  target.hash = "";
  if (!existsSync(target)) return true;
  return anchor !== "" && !anchors(read(target)).includes(anchor);
}

/** The codes in the first column of a document's table of exit codes. */
function exitCodes(markdown: string): number[] {
  return [...markdown.matchAll(/^\| *(\d[\d, ]*?) *\|/gm)]
    .flatMap(([, codes = ""]) => codes.split(",").map(Number));
}

function sorted(codes: readonly number[]): number[] {
  return codes.toSorted((a, b) => a - b);
}

for (const document of documents) {
  test(`the relative links of ${document} lead somewhere`, () => {
    const links = relativeLinks(read(document));
    assertEquals(links.filter((link) => isBroken(document, link)), []);
  });
}

for (const file of translations) {
  test(`${file} has every exit code and the two commands`, () => {
    const text = read(file);
    assertEquals(sorted(exitCodes(text)), sorted(Object.values(EXIT)));
    for (const command of COMMANDS) assert(text.includes(command), command);
  });

  test(`${file} is linked from the README and all other translations`, () => {
    for (const document of ["README.md", ...translations]) {
      const from = new URL(document, ROOT);
      const links = relativeLinks(read(document))
        .map((link) => new URL(link, from).href);
      const linked = links.includes(new URL(file, ROOT).href);
      assertEquals(linked, document !== file, document);
    }
  });
}

test("what docs/from-*.md offers in place of others' options is there", () => {
  const page = read("docs/options.md");
  const options = (command: string): string =>
    page.split(`\n## ${command}\n`)[1]?.split("\n## ")[0] ?? "";
  const names = documents.filter((name) => name.startsWith("docs/from-"));
  assertEquals(names.length, 5);
  for (const name of names) {
    const lines = [...read(name).matchAll(/`(docker-pull(?: [^`]*)?)`/g)]
      .map(([, line = ""]) => line);
    assert(lines.length > 3, name);
    for (const line of lines) {
      const [, word = "", second = ""] = /^docker-pull(?: (\w+)(?: (\w+))?)?/
        .exec(line)!;
      const own = options(`docker-pull ${word} ${second}`) ||
        options(`docker-pull ${word}`) || options("docker-pull");
      for (const [option] of line.matchAll(/--[a-z][a-z-]*/g)) {
        assert(new RegExp(`${option}\\b(?!-)`).test(own), `${name}: ${line}`);
      }
    }
  }
});
