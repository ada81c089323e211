/** What can stand in the place of the word that is being typed. */

import { ALL_LINES } from "../commands/all_lines.ts";
import { SHELLS } from "../commands/completion_options.ts";
import type { OptionDefinition } from "../options/arguments.ts";
import type { CommandHelp } from "../options/help.ts";
import { transportAdvice } from "../options/transports.ts";

/** A word, or `:files` or `:folders` for what the shell finds itself. */
export interface Candidate {
  /** The word. */
  word: string;
  /** What it means. */
  help?: string;
}

/** Platforms that many images are made for. */
const PLATFORMS = [
  "linux/amd64",
  "linux/arm64",
  "linux/arm/v7",
  "linux/arm/v6",
  "linux/386",
  "linux/ppc64le",
  "linux/riscv64",
  "linux/s390x",
  "windows/amd64",
  "all",
];

/** What is looked up for them; nothing where that takes too long or fails. */
export interface Lookup {
  /** Lists the tags of an image. */
  tagsOf(image: string): Promise<string[]>;
  /** Lists the names of the images in a cache; of the usual one, if none. */
  cachedNames(cacheDir: string | undefined): Promise<string[]>;
}

/**
 * Finds them.
 *
 * @param words What was typed behind the program's name; the last is completed.
 */
export async function candidatesFor(
  words: readonly string[],
  lookup: Lookup,
): Promise<Candidate[]> {
  const typed = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  const { name, line, rest } = commandOf(typed);
  const previous = rest.at(-1) ?? "";
  const taking = optionOf(previous, line);
  if (taking?.value) return startingWith(current, valuesOf(taking, current));
  const [, option = "", value] = /^(--[a-z-]+)=(.*)$/.exec(current) ?? [];
  if (value !== undefined) {
    const definition = optionOf(option, line);
    if (!definition?.value) return [];
    return startingWith(value, valuesOf(definition, value)).map((each) =>
      each.word.startsWith(":")
        ? each
        : { ...each, word: `${option}=${each.word}` }
    );
  }
  if (current.startsWith("-")) return optionsFor(current, line, rest);
  const inner = rest.length === 0 ? below(name) : [];
  const operands = name === "cache rm"
    ? (await lookup.cachedNames(valueOf("cache-dir", rest)))
      .map((word) => ({ word }))
    : await operandsFor(name, line, current, lookup);
  return startingWith(current, [...inner, ...operands]);
}

/** The command that is meant, and what was typed behind its name. */
function commandOf(
  typed: readonly string[],
): { name: string; line: CommandHelp | undefined; rest: readonly string[] } {
  const [first = "", second = ""] = typed;
  const two = `${first} ${second}`;
  if (Object.hasOwn(ALL_LINES, two)) {
    return { name: two, line: ALL_LINES[two], rest: typed.slice(2) };
  }
  if (first !== "" && Object.hasOwn(ALL_LINES, first)) {
    return { name: first, line: ALL_LINES[first], rest: typed.slice(1) };
  }
  if (below(first).length > 0 && first !== "") {
    return { name: first, line: undefined, rest: typed.slice(1) };
  }
  return { name: "", line: ALL_LINES[""], rest: typed };
}

/** The commands that are one word longer. */
function below(name: string): Candidate[] {
  const start = name === "" ? "" : `${name} `;
  const found = new Map<string, Candidate>();
  for (const [words, { summary }] of Object.entries(ALL_LINES)) {
    if (words === "" || !words.startsWith(start)) continue;
    const [word = "", more] = words.slice(start.length).split(" ");
    const help = more === undefined ? sentence(summary) : undefined;
    if (word !== "") found.set(word, { word, help });
  }
  return [...found.values()];
}

function optionOf(
  word: string,
  line: CommandHelp | undefined,
): OptionDefinition | undefined {
  return line?.options.find(({ name, short }) =>
    word === `--${name}` || short !== undefined && word === `-${short}`
  );
}

function optionsFor(
  current: string,
  line: CommandHelp | undefined,
  given: readonly string[],
): Candidate[] {
  const open =
    line?.options.filter(({ name, repeatable }) =>
      repeatable || !given.includes(`--${name}`)
    ) ?? [];
  return startingWith(
    current,
    open.map(({ name, help }) => ({ word: `--${name}`, help: sentence(help) })),
  );
}

function valuesOf(
  { name, value = "", choices }: OptionDefinition,
  current: string,
): Candidate[] {
  if (name === "platform") {
    // Several are given with commas.
    const before = current.slice(0, current.lastIndexOf(",") + 1);
    return PLATFORMS.map((platform) => ({ word: before + platform }));
  }
  if (choices) return choices.map((word) => ({ word }));
  if (/^FILE/.test(value)) return [{ word: ":files" }];
  return /^(?:DIR|FOLDER)/.test(value) ? [{ word: ":folders" }] : [];
}

async function operandsFor(
  name: string,
  line: CommandHelp | undefined,
  current: string,
  { tagsOf }: Lookup,
): Promise<Candidate[]> {
  if (name === "completion") return SHELLS.map((word) => ({ word }));
  const usage = line?.usage.join("\n") ?? "";
  const found: Candidate[] = [];
  const [, image] = /^([^:]+(?::\d+\/[^:]+)?):[^:/]*$/.exec(current) ?? [];
  // What a word such as oci: stands before is in no registry.
  const isThere = image && transportAdvice(current) === undefined;
  if (isThere && /IMAGE|REF|SRC|DST|\bA B\b/.test(usage)) {
    const tags = await tagsOf(image);
    found.push(...tags.map((tag) => ({ word: `${image}:${tag}` })));
  }
  if (/FILE|LAYOUT|FOLDER|SRC|\bA B\b/.test(usage) && name !== "") {
    found.push({ word: ":files" });
  }
  return found;
}

/** The value that was given to an option, if any was. */
function valueOf(name: string, typed: readonly string[]): string | undefined {
  const at = typed.indexOf(`--${name}`);
  const start = `--${name}=`;
  return at >= 0
    ? typed[at + 1]
    : typed.find((word) => word.startsWith(start))?.slice(start.length);
}

function startingWith(
  start: string,
  candidates: readonly Candidate[],
): Candidate[] {
  return candidates.filter(({ word }) =>
    word.startsWith(":") || word.startsWith(start)
  );
}

/** The first part of a description, in one line. */
function sentence(text: string): string {
  return text.replaceAll("\n", " ").split(/[;:.] |, such/)[0]!.replace(
    /\.$/,
    "",
  );
}
