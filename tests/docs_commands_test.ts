/** Every command line in the documents is one that the command takes. */

import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { SUBCOMMANDS } from "../cli/commands/cache.ts";
import type { CommandLine } from "../cli/commands/command.ts";
import { ALL_LINES } from "../cli/commands/all_lines.ts";
import { chooseCommand } from "../cli/main.ts";
import { parseArguments } from "../cli/options/arguments.ts";
import { test } from "./harness.ts";

const ROOT = new URL("../", import.meta.url);

const documents = [
  "README.md",
  "SECURITY.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  // What --help says is another test's.
  ...readdirSync(new URL("docs/", ROOT))
    .filter((name) => name.endsWith(".md") && name !== "options.md")
    .map((name) => `docs/${name}`),
];

/** What stands in code. */
interface Line {
  text: string;
  /** Whether it stands amid prose, or in a block. */
  isProse: boolean;
}

function code(markdown: string): Line[] {
  const blocks = [
    ...markdown.matchAll(/^([> ]*)```(?:sh|text)?\n([^]*?)^\1```/gm),
  ]
    .flatMap(([, , block = ""]) =>
      block.replace(/\\\n/g, " ").split("\n").map((line) =>
        line.replace(/^\$ /, "")
      )
    );
  const prose = markdown.replace(/^([> ]*)```[^]*?^\1```/gm, "");
  const inline = [...prose.matchAll(/`([^`]+)`/g)].map(([, text = ""]) =>
    text.replace(/\s+/g, " ")
  );
  return [
    ...blocks.map((text) => ({ text, isProse: false })),
    ...inline.map((text) => ({ text, isProse: true })),
  ];
}

/** The words of the command in a line as a shell takes them apart. */
function words(line: string): string[] | undefined {
  const [, rest] =
    /(?:^|[|&(;] ?|"\$\()(?:\w+=\S+ )*docker-pull((?: [^]*)?)$/.exec(line) ??
      [];
  // Words that stand for what may be there are no command line.
  if (
    rest === undefined ||
    /…|\.\.\.|[A-Z]\[|\[[A-Z]|[A-Z]\|[A-Z]|COMMAND/.test(rest)
  ) return;
  const found: string[] = [];
  for (
    const [, space, word = ""] of rest.matchAll(
      /( +)?((?:'[^']*'|"[^"]*"|[^\s'"|&;<>#()]|(?<=\S)#)+|[|&;<>#()])/g,
    )
  ) {
    if (/^[|&;<>#()]$/.test(word)) break;
    const text = word.replace(/^(["'])(.*)\1$/s, "$2")
      .replace(/(["'])(.*?)\1/gs, "$2");
    if (space === undefined && found.length > 0) {
      found.push(found.pop()! + text);
    } else found.push(text);
  }
  return found;
}

/** Takes it apart, as the command does before it begins. */
function take(argv: readonly string[], isProse: boolean): void {
  const { name, argv: others } = chooseCommand(argv);
  const [first = "", ...rest] = others;
  const [line, own] = name === "cache"
    ? [SUBCOMMANDS[first as keyof typeof SUBCOMMANDS]?.line, rest]
    : [ALL_LINES[name === "pull" ? "" : name], others];
  assert(line, `no command ${argv.slice(0, 2).join(" ")}`);
  const parsed = parseArguments(own, line.options);
  if (parsed.flags.has("help") || parsed.flags.has("version")) return;
  // Amid prose, a command and its options are named without an image.
  if (isProse && parsed.operands.length === 0) return;
  (line as CommandLine<unknown>).read(parsed);
}

for (const document of documents) {
  test(`the command lines of ${document} can be typed`, () => {
    const text = readFileSync(new URL(document, ROOT), "utf8");
    const wrong = code(text).flatMap(({ text: line, isProse }) => {
      const argv = words(line);
      // The name alone is the name.
      if (!argv || argv.length === 0) return [];
      try {
        take(argv, isProse);
        return [];
      } catch (error) {
        return [`${line}: ${(error as Error).message}`];
      }
    });
    assertEquals(wrong, []);
  });
}

test("the documents have command lines", () => {
  const count =
    documents.flatMap((document) =>
      code(readFileSync(new URL(document, ROOT), "utf8"))
    ).filter(({ text }) => words(text)?.length).length;
  assert(count > 200, `${count}`);
});
