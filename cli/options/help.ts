/** The help, written from the table of options. */

import type { OptionDefinition } from "./arguments.ts";
import { VARIABLES } from "./environment.ts";
import { EXIT_CODES } from "../messages/exit_codes.ts";

/** What the help of a command is written from. */
export interface CommandHelp {
  /** What it does. */
  summary: string;
  /** The ways to call it. */
  usage: readonly string[];
  /** Its options. */
  options: readonly OptionDefinition[];
  /**
   * The variables that matter to it.
   *
   * @default {undefined} All.
   */
  variables?: readonly string[];
  /** Calls of it that make sense. */
  examples: readonly string[];
}

const WIDTH = 80;
const COLUMN = 26;

/** The whole help text of a command, at most 80 columns wide. */
export function helpText(
  { summary, usage, options, variables, examples }: CommandHelp,
): string {
  const groups = [...new Set(options.map(({ group }) => group))];
  const sections = [
    `${summary}\n\nUsage: ${usage.join("\n       ")}`,
    ...groups.map((group) =>
      section(
        `${group}:`,
        options.filter((option) => option.group === group)
          .map((option) => [synopsis(option), option.help]),
      )
    ),
    section(
      "Environment:",
      VARIABLES.filter(([name, help]) =>
        help && (variables?.includes(name) ?? true)
      ),
    ),
    section(
      "Exit codes:",
      EXIT_CODES.map(([code, help]) => [String(code), help]),
      7,
    ),
    ["Examples:", ...examples.map((example) => `  ${example}`)].join("\n"),
  ];
  return sections.join("\n\n") + "\n";
}

function synopsis({ name, short, value }: OptionDefinition): string {
  return `${short ? `-${short}, ` : "    "}--${name}${
    value ? ` ${value}` : ""
  }`;
}

function section(
  title: string,
  rows: readonly (readonly [string, string])[],
  column = COLUMN,
): string {
  const lines = rows.flatMap(([term, text]) => {
    const [first = "", ...rest] = wrap(text, WIDTH - column);
    const head = `  ${term}`;
    const indent = " ".repeat(column);
    return [
      ...(head.length + 1 > column
        ? [head, indent + first]
        : [head.padEnd(column) + first]),
      ...rest.map((line) => indent + line),
    ];
  });
  return [title, ...lines].join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
