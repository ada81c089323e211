/**
 * Strict arguments: `@std/cli/parse-args` takes them apart, and a table of
 * the options that exist decides what is an error. The same table writes the
 * help and finds the option that was probably meant.
 */

import { parseArgs } from "@std/cli/parse-args";
import { inPlaceOf, nearest } from "./meant.ts";

/** One option of a command. */
export interface OptionDefinition {
  /** The long name without dashes. */
  name: string;
  /** The letter that stands for it. */
  short?: string;
  /** What its value is called in the help; without it, it is a flag. */
  value?: string;
  /** Whether it may be given more than once. */
  repeatable?: boolean;
  /** Whether its value may be `-`, for standard input or output. */
  dash?: boolean;
  /** The only values that it takes. */
  choices?: readonly string[];
  /** What is taken where nothing says otherwise, as the help has it. */
  default?: string;
  /** Whether the configuration file can say it, and but once where it is `one`. */
  setting?: true | "one";
  /** The environment variable that says the same, or that speaks against it. */
  variable?: string;
  /** The flag beside which what the file says of this means nothing. */
  unless?: string;
  /** The heading that it stands under in the help. */
  group: string;
  /** What it does, in one sentence without a period. */
  help: string;
}

/** Where the value of an option that is not on the command line comes from. */
export type Origin = "environment" | "file";

/** What was found in the arguments; every name is one of the table. */
export interface ParsedArguments {
  /** The flags that were given. */
  flags: Set<string>;
  /** The values that were given, by option. */
  values: Map<string, string[]>;
  /** The flags that were given as `--NAME=false`, against a file's. */
  denied: Set<string>;
  /** Where those come from that are not on the command line. */
  origins: Map<string, Origin>;
  /** The configuration file, where there is one. */
  file?: string;
  /** All that is no option. */
  operands: string[];
  /** Whether `--` says that what follows is no option and no command. */
  ended: boolean;
  /** The value of an option that is given once at most. */
  one(name: string): string | undefined;
}

/** A command line, or a configuration file, that makes no sense; exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
  /** What to do about it, where that is not to read the help. */
  readonly hint?: string;

  /** Made with one sentence without a period. */
  constructor(message: string, options: ErrorOptions & { hint?: string } = {}) {
    super(message, options);
    this.hint = options.hint;
  }
}

/**
 * Takes a command line apart. Whoever asks for help gets it, whatever else is
 * wrong.
 *
 * @throws {UsageError} An option is unknown, malformed, without its value, or
 * given twice. The message never holds a value, which may be a password.
 */
export function parseArguments(
  argv: readonly string[],
  definitions: readonly OptionDefinition[],
): ParsedArguments {
  const end = argv.indexOf("--");
  const ended = end >= 0;
  const options = ended ? argv.slice(0, end) : argv;
  const values = new Map<string, string[]>();
  const one = (name: string) => values.get(name)?.[0];
  const rest = { denied: new Set<string>(), origins: new Map(), ended, one };
  if (options.includes("--help") || options.includes("-h")) {
    return { flags: new Set(["help"]), values, operands: [], ...rest };
  }
  const flagNames = definitions.filter(({ value }) => !value)
    .map(({ name }) => name);
  const valueNames = definitions.filter(({ value }) => value)
    .map(({ name }) => name);
  // "--no-x" is the negation of "x" to a parser of arguments.
  const negatable = flagNames.filter((name) => name.startsWith("no-"))
    .map((name) => name.slice(3));

  const known = canonical(options, definitions).filter((word) => {
    const denied = flagNames.find((name) => word === `--${name}=false`);
    if (denied !== undefined) rest.denied.add(denied);
    return denied === undefined;
  });
  const words = [...known, ...argv.slice(options.length)];
  const parsed = parseArgs(words, {
    boolean: flagNames.filter((name) => !name.startsWith("no-")),
    negatable,
    string: [...valueNames, "_"],
    collect: valueNames,
  }) as Record<string, unknown>;

  const flags = new Set(
    flagNames.filter((name) =>
      !rest.denied.has(name) &&
      (name.startsWith("no-") ? parsed[name.slice(3)] === false : parsed[name])
    ),
  );
  for (const definition of definitions) {
    if (!definition.value) continue;
    const given = [parsed[definition.name] ?? []].flat().map(String);
    if (given.includes("")) {
      throw new UsageError(
        `Option --${definition.name} needs a value: ` +
          `--${definition.name} ${definition.value}`,
      );
    }
    if (given.length > 1 && !definition.repeatable) {
      throw new UsageError(`Option --${definition.name} is given twice`);
    }
    if (given.length) values.set(definition.name, given);
  }
  const operands = (parsed._ as unknown[]).map(String);
  return { flags, values, operands, ...rest };
}

/** What says more of an option, from the weakest on. */
const STRENGTH = ["file", "environment", undefined];

/**
 * Refuses two options where one of them makes the other meaningless. What is
 * on the command line goes before what the environment says, and that before
 * what the configuration file says: the other is then as if it was not said.
 *
 * @param message What to say of it.
 * @throws {UsageError} Both are given in one place.
 */
export function refuseBoth(
  parsed: ParsedArguments,
  one: string,
  other: string,
  message = `Options --${one} and --${other} exclude each other`,
): void {
  const { flags, values, origins } = parsed;
  const given = (name: string) => flags.has(name) || values.has(name);
  if (!given(one) || !given(other)) return;
  const strength = (name: string) => STRENGTH.indexOf(origins.get(name));
  const difference = strength(one) - strength(other);
  if (difference === 0) throw new UsageError(message);
  forget(parsed, difference > 0 ? other : one);
}

/** Makes an option one that was not said. */
export function forget(
  { flags, values, origins }: ParsedArguments,
  name: string,
): void {
  flags.delete(name);
  values.delete(name);
  origins.delete(name);
}

/**
 * The same arguments with every option under its long name and every flag in
 * a form that takes nothing from what follows, after all of them were found
 * in the table.
 */
function canonical(
  options: readonly string[],
  definitions: readonly OptionDefinition[],
): string[] {
  return options.flatMap((argument, at) => {
    if (!argument.startsWith("-")) return argument;
    const taking = takingValue(options[at - 1] ?? "", definitions);
    if (argument === "-" && taking?.dash) return []; // it is written below
    refuseValue(argument, taking, definitions);
    if (argument === "-") return argument;
    const written = argument.startsWith("--")
      ? [canonicalLong(argument, definitions)]
      : canonicalShort(argument, definitions);
    const own = takingValue(argument, definitions);
    return own?.dash && options[at + 1] === "-"
      ? [...written.slice(0, -1), write(own, "-")]
      : written;
  });
}

/** The option that an argument is which takes the next one as its value. */
function takingValue(
  argument: string,
  definitions: readonly OptionDefinition[],
): OptionDefinition | undefined {
  if (argument.startsWith("--")) {
    return definitions.find(({ name, value }) =>
      value && argument === `--${name}`
    );
  }
  if (!/^-./.test(argument)) return undefined;
  // Of several letters, the first with a value takes what is left of them.
  const taking = [...argument.slice(1)].flatMap((letter, at, { length }) => {
    const found = definitions.find(({ short }) => short === letter);
    return found?.value ? [at === length - 1 ? found : undefined] : [];
  });
  return taking[0];
}

/**
 * What follows an option that takes a value, and is no option itself, was
 * meant as that value: it may be a password, and is not repeated.
 */
function refuseValue(
  argument: string,
  taking: OptionDefinition | undefined,
  definitions: readonly OptionDefinition[],
): void {
  if (!taking) return;
  if (argument === "-") {
    // Other programs take this for standard input or output.
    throw new UsageError(
      `Option --${taking.name} takes no "-": --${taking.name} ${taking.value}`,
    );
  }
  const own = definitions.some(({ name, short }) =>
    argument.startsWith("--")
      ? argument.slice(2).split("=", 1)[0] === name
      : argument[1] === short
  );
  if (own) return;
  throw new UsageError(
    `Option --${taking.name} needs a value; one that begins with a dash is ` +
      `written --${taking.name}=${taking.value}`,
  );
}

function canonicalLong(
  argument: string,
  definitions: readonly OptionDefinition[],
): string {
  const name = argument.slice(2).split("=", 1)[0]!;
  const definition = definitions.find((option) => option.name === name);
  if (!definition) throw unknownOption(`--${name}`, definitions);
  const value = argument.includes("=")
    ? argument.slice(name.length + 3)
    : undefined;
  return write(definition, value);
}

function canonicalShort(
  argument: string,
  definitions: readonly OptionDefinition[],
): string[] {
  const letters = [...argument.slice(1)];
  const written: string[] = [];
  while (letters.length) {
    const letter = letters.shift()!;
    const definition = definitions.find(({ short }) => short === letter);
    if (!definition) throw unknownOption(`-${letter}`, definitions);
    const rest = letters.join("");
    if (definition.value && rest) {
      return [...written, write(definition, rest.replace(/^=/, ""))];
    }
    if (rest.startsWith("=")) {
      throw new UsageError(`Option -${letter} takes no value`);
    }
    written.push(write(definition));
  }
  return written;
}

function write(definition: OptionDefinition, value?: string): string {
  const { name } = definition;
  if (!definition.value) {
    if (value === "false" && definition.setting) return `--${name}=false`;
    if (value !== undefined) {
      throw new UsageError(`Option --${name} takes no value`);
    }
    return name.startsWith("no-") ? `--${name}` : `--${name}=true`;
  }
  if (value === undefined) return `--${name}`;
  if (/[\r\n]/.test(value)) {
    throw new UsageError(`Option --${name} cannot take a line break`);
  }
  return `--${name}=${value}`;
}

function unknownOption(
  option: string,
  definitions: readonly OptionDefinition[],
): UsageError {
  const word = option.replace(/^--?/, "");
  const names = definitions.map(({ name }) => name);
  const other = inPlaceOf(word, (name) => names.includes(name));
  if (other) return new UsageError(`Unknown option ${option}; ${other}`);
  // What looks like no name may be a password.
  if (!/^[a-z_][a-z_-]{0,30}$/i.test(word)) {
    return new UsageError("Unknown option, which is not repeated here");
  }
  const found = nearest(word, names);
  return new UsageError(
    `Unknown option ${option}${found ? `; did you mean --${found}?` : ""}`,
  );
}
