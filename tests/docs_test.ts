/** Holds the documents to what is there: their links, and the translations. */

import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
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

for (const document of documents) {
  test(`the relative links of ${document} lead somewhere`, () => {
    const links = relativeLinks(read(document));
    assertEquals(links.filter((link) => isBroken(document, link)), []);
  });
}

/** The blocks of code, without what is said in their comments. */
function code(markdown: string): string[] {
  return [...markdown.matchAll(/^```[\s\S]*?^```$/gm)]
    .map(([block]) => block.replace(/ +# .*$/gm, ""));
}

/** Where links lead, as addresses. */
function links(markdown: string, document: string): string[] {
  return relativeLinks(markdown)
    .map((link) => new URL(link, new URL(document, ROOT)).href);
}

/** How many cells each row of the tables has, and the links in it. */
function tables(document: string): string[][] {
  return read(document).split("\n").filter((line) => /^\| /.test(line))
    .map((line) => [`${line.split("|").length}`, ...links(line, document)]);
}

/** What stands in code amid prose. */
function inline(document: string): string[] {
  return [
    ...read(document).replace(/^```[\s\S]*?^```$/gm, "")
      .matchAll(/`([^`]+)`/g),
  ].map(([, text = ""]) => text.replace(/\s+/g, " "))
    .sort();
}

/** The levels of the headings. */
function headings(document: string): string[] {
  return [...prose(read(document)).matchAll(/^#+ /gm)].map(([marks]) => marks);
}

/** All that is linked, but other languages. */
function others(document: string): string[] {
  return [...new Set(links(read(document), document))]
    .filter((link) => !/README[^/]*\.md$/.test(link)).sort();
}

for (const file of translations) {
  test(`${file} has the commands, tables and links of the README`, () => {
    const readme = read("README.md");
    for (const command of COMMANDS) assert(readme.includes(command), command);
    assertEquals(code(read(file)), code(readme));
    // A row that the README gets is added to each translation.
    assertEquals(tables(file), tables("README.md"));
    assertEquals(inline(file), inline("README.md"));
    assertEquals(others(file), others("README.md"));
    assertEquals(headings(file), headings("README.md"));
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
