/** `@std/cli/parse-args` over minimist, which it descends from. */
import minimist from "minimist";

/** The options of `parseArgs()` that behave alike in both. */
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
  default?: Record<string, unknown>;
  stopEarly?: boolean;
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
 * Differs from minimist in that a repeated option is its last value unless it
 * is collected, `--no-x` negates only what is `negatable`, and `--name` does
 * not take a following word that starts with a dash.
 */
export function parseArgs<
  const Booleans extends string = never,
  const Strings extends string = never,
  const Collected extends string = never,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, Collected> = {},
): Args<Booleans, Strings, Collected> {
  const { collect = [], negatable = [], unknown, ...rest } = options;
  const aliases = Object.entries(options.alias ?? {})
    .map(([key, others]) => [key, ...[others].flat()]);
  const withAliases = (names: readonly string[]) =>
    new Set([
      ...names,
      ...aliases.flatMap((a) => a.some((n) => names.includes(n)) ? a : []),
    ]);
  const [strings, collected, negated] = [
    options.string ?? [],
    collect,
    negatable,
  ]
    .map(withAliases);

  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const given = new Map<string, string>();
  const plain = args.slice(0, end).map((arg, i) => {
    const name = /^--([^=]+)$/.exec(arg)?.[1];
    if (name === undefined) return arg;
    const next = i + 1 < end ? args[i + 1] : undefined;
    let written = arg;
    if (strings.has(name) && (!next || next.startsWith("-"))) {
      written = `${arg}=`;
    } else if (name.startsWith("no-") && !negated.has(name.slice(3))) {
      written = `${arg}=true`;
    }
    given.set(written, arg);
    return written;
  });
  const parsed = minimist([...plain, ...args.slice(end)], {
    ...rest,
    unknown: (arg) =>
      unknown?.(
        given.get(arg) ?? arg,
        /^--?([^=]+)/.exec(given.get(arg) ?? arg)?.[1],
      ) !== false,
  } as minimist.Opts);
  for (const [key, value] of Object.entries(parsed)) {
    if (key === "_") continue;
    const values = [value].flat();
    parsed[key] = collected.has(key) ? values : values.at(-1);
  }
  for (const key of collected) parsed[key] ??= [];
  return parsed as unknown as Args<Booleans, Strings, Collected>;
}
