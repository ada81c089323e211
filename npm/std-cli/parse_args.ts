/** `@std/cli/parse-args` over Node's own parser. */
import { parseArgs as tokenize } from "node:util";

/** The options of `parseArgs()` that are used. */
export interface ParseOptions<
  Booleans extends string,
  Strings extends string,
  Collected extends string,
> {
  boolean?: readonly Booleans[];
  string?: readonly Strings[];
  collect?: readonly Collected[];
  negatable?: readonly string[];
  alias?: Record<string, string | readonly string[]>;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What was given: `_` holds the operands. */
export type Args<
  Booleans extends string,
  Strings extends string,
  Collected extends string,
> =
  & { [x: string]: unknown; _: (string | number)[] }
  & { [K in Booleans]: boolean }
  & { [K in Exclude<Strings, Collected>]?: string }
  & { [K in Collected]: string[] };

/**
 * A repeated option is its last value unless it is collected, `--no-x` negates
 * only what is `negatable`, and `--name` does not take a following word that
 * starts with a dash.
 */
export function parseArgs<
  const Booleans extends string = never,
  const Strings extends string = never,
  const Collected extends string = never,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, Collected> = {},
): Args<Booleans, Strings, Collected> {
  const { boolean = [], string = [], collect = [], negatable = [] } = options;
  const { alias = {}, unknown = () => true } = options;
  const groups = Object.entries(alias).map((group) => group.flat());
  const namesOf = (name: string) =>
    groups.find((group) => group.includes(name)) ?? [name];
  const all = (names: readonly string[]) => new Set(names.flatMap(namesOf));
  const [booleans, strings, collected, negated] = [
    boolean,
    string,
    collect,
    negatable,
  ].map(all) as [Set<string>, Set<string>, Set<string>, Set<string>];

  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const { tokens } = tokenize({
    // Node's parser gives an option the next word, whatever that is.
    args: args.map((arg, i) => {
      const name = /^--([^=]+)$/.exec(arg)?.[1] ?? "";
      const bare = i + 1 >= end || args[i + 1]!.startsWith("-");
      return i < end && strings.has(name) && bare ? `${arg}=` : arg;
    }),
    options: Object.fromEntries(
      [...booleans, ...strings].filter((name) => name.length > 1)
        .map((name) => {
          const short = namesOf(name).find(({ length }) => length === 1);
          const type = booleans.has(name) ? "boolean" : "string";
          return [name, { type, ...(short !== undefined && { short }) }];
        }),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const parsed: Record<string, unknown> = { _: [] };
  const set = (name: string, value: unknown) => {
    for (const each of namesOf(name)) {
      parsed[each] = collected.has(each)
        ? [...parsed[each] as unknown[] ?? [], value]
        : value;
    }
  };
  for (const name of booleans) parsed[name] = false;
  for (const name of collected) parsed[name] = [];
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (token.index > end || unknown(token.value) !== false) {
        (parsed._ as string[]).push(token.value);
      }
    } else if (token.kind === "option") {
      const { name, rawName, value } = token;
      if (strings.has(name)) set(name, value ?? "");
      else if (booleans.has(name)) set(name, value !== "false");
      else if (name.startsWith("no-") && negated.has(name.slice(3))) {
        set(name.slice(3), false);
      } else {
        const written = value === undefined ? rawName : `${rawName}=${value}`;
        if (unknown(written, name, value) !== false) set(name, value ?? true);
      }
    }
  }
  return parsed as unknown as Args<Booleans, Strings, Collected>;
}
