/** What the options of the command mean together. */

import { MAX_CONCURRENCY } from "../../lib/image/options.ts";
import { holdsLogin, redactAddress } from "../../lib/redact/address.ts";
import {
  parseArguments,
  type ParsedArguments,
  UsageError,
} from "./arguments.ts";
import { type NetworkOptions, readNetworkOptions } from "./network_options.ts";
import {
  DEFAULT_CACHE_DIR,
  DEFAULT_CONCURRENCY,
  OPTIONS,
} from "./option_table.ts";

export { OPTIONS };

/** What is to be pulled, and how. */
export interface PullCommandOptions extends NetworkOptions {
  /** The reference as it was typed. */
  image: string;
  /** `--platform`. */
  platform?: string;
  /** `--output`. */
  output?: string;
  /** `--format`. */
  format: Format;
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
  /** `--authfile`. */
  authfile?: string;
  /** `--max-concurrent-downloads`. */
  concurrency: number;
  /** `--retries`. */
  retries?: number;
  /** `--timeout`, in milliseconds. */
  timeout?: number;
  /** `--max-wait`, in milliseconds. */
  maxWait?: number;
  /** `--min-speed`, in bytes a second. */
  minSpeed?: number;
  /** `--mirror`, as given, or `false` for `--no-mirrors`. */
  mirrors: string[] | false;
  /** `--trust-mirrors`. */
  trustMirrors: boolean;
  /** `--quiet`. */
  quiet: boolean;
  /** `--verbose`. */
  verbose: boolean;
}

/** The commands other than to pull, by their first argument. */
const COMMANDS = ["login", "logout", "doctor", "verify"] as const;

/** What is written. */
export type Format = "tar" | "oci";

/** What crane and skopeo take a file to write as. */
const ARCHIVE =
  /\.(?:tar|tgz|tar\.gz)$|^(?:docker-archive|oci-archive|oci|dir):/;

/** One of the commands. */
export type CommandName = typeof COMMANDS[number];

/** What a command line asks for. */
export type Invocation =
  | { kind: "help"; command?: CommandName }
  | { kind: "command"; command: CommandName; argv: readonly string[] }
  | { kind: "version" }
  | { kind: "pull"; options: PullCommandOptions };

/**
 * Reads a command line. An image that is called like a command is written
 * `library/login`. To pull is what is done where no command is named; people
 * who know Docker name it all the same, as they do `help` and `version`.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseOptions(argv: readonly string[]): Invocation {
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  const [first, ...others] = argv;
  if (first === "version" && others.length === 0) return { kind: "version" };
  const asksForHelp = first === "help";
  const command = COMMANDS.find((name) =>
    name === (asksForHelp ? others[0] : first)
  );
  // Whoever asks for help gets it, whatever else is wrong.
  if (asksForHelp || options.includes("--help") || options.includes("-h")) {
    return { kind: "help", ...(command && { command }) };
  }
  if (command) return { kind: "command", command, argv: argv.slice(1) };
  const parsed = parseArguments(argv, OPTIONS);
  if (parsed.flags.has("help")) return { kind: "help" };
  if (parsed.flags.has("version")) return { kind: "version" };
  return { kind: "pull", options: readPullOptions(parsed) };
}

/**
 * What the options of a pull mean together.
 *
 * @throws {UsageError} They make no sense.
 */
export function readPullOptions(
  { flags, values, operands }: ParsedArguments,
): PullCommandOptions {
  refuseContradictions(flags, values);
  const one = (name: string) => values.get(name)?.[0];
  const timeout = number(one("timeout"), "timeout", 0.001, 86_400);
  const maxWait = number(one("max-wait"), "max-wait", 0, 604_800);
  return {
    image: oneImage(operands, values.has("username") || values.has("password")),
    platform: one("platform"),
    output: one("output"),
    format: readFormat(one("format")),
    force: flags.has("force"),
    cacheDir: !flags.has("no-cache") &&
      (one("cache-dir") ?? DEFAULT_CACHE_DIR),
    trustCache: flags.has("trust-cache"),
    username: one("username"),
    password: one("password"),
    passwordStdin: flags.has("password-stdin"),
    authfile: one("authfile"),
    concurrency: wholeNumber(
      one("max-concurrent-downloads"),
      "max-concurrent-downloads",
      1,
      MAX_CONCURRENCY,
    ) ?? DEFAULT_CONCURRENCY,
    retries: wholeNumber(one("retries"), "retries", 0, 1000),
    timeout: timeout && timeout * 1000,
    maxWait: maxWait && maxWait * 1000,
    minSpeed: number(one("min-speed"), "min-speed", 0, 1e9),
    ...readNetworkOptions({ flags, values }),
    mirrors: !flags.has("no-mirrors") && (values.get("mirror") ?? []),
    trustMirrors: flags.has("trust-mirrors"),
    quiet: flags.has("quiet"),
    verbose: flags.has("verbose"),
  };
}

function readFormat(text = "tar"): Format {
  if (text === "tar" || text === "oci") return text;
  throw new UsageError(
    `Option --format is tar or oci, not ${JSON.stringify(text)}`,
  );
}

/**
 * @param login Whether a login is given too, a part of which may be what is
 * too much.
 */
function oneImage(operands: string[], login: boolean): string {
  const named = operands[0] === "pull" ? operands.slice(1) : operands;
  const [image, ...others] = named;
  if (image === undefined) throw new UsageError("No image is named");
  if (others.length) {
    const command = others.length === 1 &&
      COMMANDS.find((name) => name === image);
    if (command) {
      throw new UsageError(
        `Options come after the command, as in docker-pull ${command} ` +
          `[OPTIONS] ${redactAddress(others[0]!)}`,
      );
    }
    // A password with a space in it comes apart into several words.
    if (login || holdsLogin(named.join(" "))) {
      throw new UsageError(
        `One image at a time: ${named.length} words are too many`,
      );
    }
    const file = others.find((name) => ARCHIVE.test(name));
    const names = others.map((name) => JSON.stringify(name)).join(", ");
    throw new UsageError(
      `One image at a time: ${names} after ${
        JSON.stringify(image)
      } is too much${file ? "; a file to write is named with --output" : ""}`,
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
      ["no-mirrors", "mirror"],
      ["no-mirrors", "trust-mirrors"],
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
