/** `docker-pull man`: the manual page, made of the tables of options. */

import { VERSION } from "../../lib/net/version.ts";
import { EXIT_CODES } from "../messages/exit_codes.ts";
import { VARIABLES } from "../options/environment.ts";
import { ALL_LINES } from "./all_lines.ts";
import type { Run } from "./command.ts";

/** Prints the page, in the language of man(7). */
export const runMan: Run<undefined> = () =>
  Promise.resolve({ lines: manPage() });

/** The lines of the page. */
export function manPage(): string[] {
  const pull = ALL_LINES[""]!;
  return [
    `.TH DOCKER\\-PULL 1 "" "docker\\-pull ${text(VERSION)}"`,
    ".SH NAME",
    "docker\\-pull \\- pull container images without a daemon",
    ".SH SYNOPSIS",
    ...asTyped(pull.usage),
    ".SH DESCRIPTION",
    ...paragraph(pull.summary),
    ...Object.entries(ALL_LINES).flatMap(([words, line]) => [
      `.SH ${text(words ? `docker-pull ${words}` : "options").toUpperCase()}`,
      ...(words
        ? [
          ...paragraph(line.summary),
          ".PP",
          ...asTyped(line.usage),
        ]
        : []),
      ...line.options.flatMap(({ name, short, value, help }) => [
        ".TP",
        `${short ? `\\fB\\-${short}\\fR, ` : ""}\\fB\\-\\-${text(name)}\\fR${
          value ? ` \\fI${text(value)}\\fR` : ""
        }`,
        text(help),
      ]),
    ]),
    ".SH ENVIRONMENT",
    ...VARIABLES.filter(([, help]) => help).flatMap(([name, help]) => [
      ".TP",
      `\\fB${text(name)}\\fR`,
      text(help),
    ]),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap(([code, meaning]) => [
      ".TP",
      `\\fB${code}\\fR`,
      text(meaning),
    ]),
    ".SH EXAMPLES",
    ...asTyped(Object.values(ALL_LINES).flatMap(({ examples }) => examples)),
  ];
}

/** Lines that stay as they are: what is broken cannot be pasted. */
function asTyped(lines: readonly string[]): string[] {
  return [".nf", ...lines.flatMap((line) => line.split("\n").map(text)), ".fi"];
}

function paragraph(words: string): string[] {
  return [text(words.replaceAll("\n", " "))];
}

/** A text that means itself there. */
function text(words: string): string {
  return words.replaceAll("\\", "\\e").replaceAll("-", "\\-")
    .replace(/^(['.])/, "\\&$1");
}
