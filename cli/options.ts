/** What the options of the command mean together. */

import {
  parseArguments,
  type ParsedArguments,
  UsageError,
} from "./arguments.ts";
import {
  DEFAULT_CACHE_DIR,
  DEFAULT_CONCURRENCY,
  MAX_CONCURRENCY,
  OPTIONS,
} from "./option_table.ts";

export { OPTIONS };

/** What is to be pulled, and how. */
export interface PullCommandOptions {
  /** The reference as it was typed. */
  image: string;
  /** `--platform`. */
  platform?: string;
  /** `--output`. */
  output?: string;
  /** `--force`. */
  force: boolean;
  /** `--cache-dir`, or `false` for `--no-cache`. */
  cacheDir: string | false;
  /** `--trust-cache`. */
  trustCache: boolean;
  /** `--username`. */
  username?: string;
  /** `--password`. */
  password?: string;
  /** `--password-stdin`. */
  passwordStdin: boolean;
  /** `--max-concurrent-downloads`. */
  concurrency: number;
  /** `--retries`. */
  retries?: number;
  /** `--timeout`, in milliseconds. */
  timeout?: number;
  /** `--ca-cert`, as paths. */
  caCerts: string[];
  /** `--insecure`. */
  insecure: boolean;
  /** `--plain-http`. */
  plainHttp: boolean;
  /** `--quiet`. */
  quiet: boolean;
  /** `--verbose`. */
  verbose: boolean;
}

/** What a command line asks for. */
export type Invocation =
  | { kind: "help" }
  | { kind: "version" }
  | { kind: "pull"; options: PullCommandOptions };

/**
 * Reads a command line.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseOptions(argv: readonly string[]): Invocation {
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  // Whoever asks for help gets it, whatever else is wrong.
  if (options.includes("--help") || options.includes("-h")) {
    return { kind: "help" };
  }
  const { flags, values, operands } = parseArguments(argv, OPTIONS);
  if (flags.has("help")) return { kind: "help" };
  if (flags.has("version")) return { kind: "version" };
  refuseContradictions(flags, values);
  const one = (name: string) => values.get(name)?.[0];
  const timeout = number(one("timeout"), "timeout", 0.001, 86_400);
  return {
    kind: "pull",
    options: {
      image: oneImage(operands),
      platform: one("platform"),
      output: one("output"),
      force: flags.has("force"),
      cacheDir: !flags.has("no-cache") &&
        (one("cache-dir") ?? DEFAULT_CACHE_DIR),
      trustCache: flags.has("trust-cache"),
      username: one("username"),
      password: one("password"),
      passwordStdin: flags.has("password-stdin"),
      concurrency: wholeNumber(
        one("max-concurrent-downloads"),
        "max-concurrent-downloads",
        1,
        MAX_CONCURRENCY,
      ) ?? DEFAULT_CONCURRENCY,
      retries: wholeNumber(one("retries"), "retries", 0, 1000),
      timeout: timeout && timeout * 1000,
      caCerts: values.get("ca-cert") ?? [],
      insecure: flags.has("insecure"),
      plainHttp: flags.has("plain-http"),
      quiet: flags.has("quiet"),
      verbose: flags.has("verbose"),
    },
  };
}

function oneImage(operands: string[]): string {
  const [image, ...others] = operands;
  if (image === undefined) throw new UsageError("No image is named");
  if (others.length) {
    const names = others.map((name) => JSON.stringify(name)).join(", ");
    throw new UsageError(
      `One image at a time: ${names} after ${
        JSON.stringify(image)
      } is too much`,
    );
  }
  return image;
}

function refuseContradictions(
  flags: ParsedArguments["flags"],
  values: ParsedArguments["values"],
): void {
  const given = (name: string) => flags.has(name) || values.has(name);
  for (
    const [one, other] of [
      ["no-cache", "cache-dir"],
      ["no-cache", "trust-cache"],
      ["password", "password-stdin"],
    ] as const
  ) {
    if (given(one) && given(other)) {
      throw new UsageError(
        `Options --${one} and --${other} exclude each other`,
      );
    }
  }
  if (values.get("output")?.[0] === "-") {
    throw new UsageError(
      "Option --output needs a file: the archive cannot go to standard output",
    );
  }
}

function number(
  text: string | undefined,
  name: string,
  min: number,
  max: number,
  pattern = /^\d+(\.\d+)?$/,
): number | undefined {
  if (text === undefined) return undefined;
  const value = pattern.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(
      `Option --${name} needs a number from ${min} to ${max}, ` +
        `not ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function wholeNumber(
  text: string | undefined,
  name: string,
  min: number,
  max: number,
): number | undefined {
  return number(text, name, min, max, /^\d+$/);
}
