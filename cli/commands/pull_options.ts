/** The command line of a pull, and what it means. */

import type { Format, Layers } from "../../lib/copy/forms.ts";
import { MAX_CONCURRENCY } from "../../lib/image/options.ts";
import { holdsLogin, redactAddress } from "../../lib/redact/address.ts";
import {
  type ParsedArguments,
  refuseBoth,
  UsageError,
} from "../options/arguments.ts";
import {
  DEFAULT_CACHE_DIR,
  DEFAULT_CONCURRENCY,
  OPTIONS,
  OTHER_COMMANDS,
} from "../options/option_table.ts";
import {
  type LoginOptions,
  type NetworkOptions,
  readLoginOptions,
  readNetworkOptions,
} from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";

/** What crane and skopeo take a file to write as. */
const ARCHIVE =
  /\.(?:tar|tgz|tar\.gz)$|^(?:docker-archive|oci-archive|oci|dir):/;

/** What is to be pulled, and how. */
export interface PullCommandOptions extends NetworkOptions, LoginOptions {
  /** The reference as it was typed. */
  image: string;
  /** `--platform`. */
  platform?: string;
  /** `--output`. */
  output?: string;
  /** `--format`. */
  format: Format;
  /** `--load`, or `--load-to`. */
  load: boolean;
  /** `--load-to`. */
  loadTo?: string;
  /** `--layers`. */
  layers: Layers;
  /** `--force`. */
  force: boolean;
  /** `--cache-dir`, or `false` for `--no-cache`. */
  cacheDir: string | false;
  /** `--trust-cache`. */
  trustCache: boolean;
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

/** The command line of a pull. */
export const PULL: CommandLine<PullCommandOptions> = {
  summary:
    'Pulls a container image into one tar file that "docker load" takes.',
  usage: [
    "docker-pull [OPTIONS] IMAGE",
    "docker-pull login [OPTIONS] [HOST]",
    "docker-pull logout [OPTIONS] [HOST]",
    "docker-pull doctor [OPTIONS] IMAGE",
    "docker-pull verify [OPTIONS] FILE|LAYOUT",
    "docker-pull serve [OPTIONS] FILE|LAYOUT|--cache",
    "docker-pull copy [OPTIONS] SRC DST",
    "docker-pull cache COMMAND [OPTIONS] [FILE|FOLDER...]",
  ],
  options: OPTIONS,
  examples: [
    "docker-pull nginx",
    "docker-pull --platform linux/arm64 -o app.tar ghcr.io/owner/app:1.2",
    "docker-pull harbor.example.com/team/app@sha256:...",
    "docker-pull login ghcr.io && docker-pull ghcr.io/owner/private-app",
    "docker-pull --mirror docker.io=https://mirror.example nginx",
  ],
  read: readPullOptions,
};

/**
 * What the options of a pull mean together.
 *
 * @throws {UsageError} They make no sense.
 */
export function readPullOptions(parsed: ParsedArguments): PullCommandOptions {
  const { flags, values, one } = parsed;
  for (
    const [flag, other] of [
      ["load", "output"],
      ["load", "format"],
      ["load", "layers"],
      ["load-to", "output"],
      ["load-to", "format"],
      ["load-to", "layers"],
      ["no-cache", "cache-dir"],
      ["no-cache", "trust-cache"],
      ["no-mirrors", "mirror"],
      ["no-mirrors", "trust-mirrors"],
    ] as const
  ) refuseBoth(parsed, flag, other);
  if (one("output") === "-" && one("format") === "oci") {
    throw new UsageError(
      "Option --output needs a folder: one cannot go to standard output",
    );
  }
  const format = readFormat(one("format"));
  const layers = readLayers(one("layers"));
  if (format === "docker-legacy" && /gzip|zstd/.test(layers)) {
    throw new UsageError(
      `Option --layers is plain for --format docker-legacy, not ${layers}`,
    );
  }
  const timeout = number(one("timeout"), "timeout", 0.001, 86_400);
  const maxWait = number(one("max-wait"), "max-wait", 0, 604_800);
  return {
    image: oneImage(parsed, values.has("username") || values.has("password")),
    platform: one("platform"),
    output: one("output"),
    load: flags.has("load") || values.has("load-to"),
    loadTo: one("load-to"),
    format,
    layers,
    force: flags.has("force"),
    cacheDir: !flags.has("no-cache") &&
      (one("cache-dir") ?? DEFAULT_CACHE_DIR),
    trustCache: flags.has("trust-cache"),
    ...readLoginOptions(parsed),
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
    ...readNetworkOptions(parsed),
    mirrors: !flags.has("no-mirrors") && (values.get("mirror") ?? []),
    trustMirrors: flags.has("trust-mirrors"),
    quiet: flags.has("quiet"),
    verbose: flags.has("verbose"),
  };
}

function readFormat(text = "tar"): Format {
  return oneOf(text, "format", ["tar", "oci", "oci-archive", "docker-legacy"]);
}

function readLayers(text = "as-is"): Layers {
  return oneOf(text, "layers", ["as-is", "plain", "gzip", "zstd"]);
}

function oneOf<T extends string>(
  text: string,
  name: string,
  known: readonly T[],
): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new UsageError(
    `Option --${name} is ${known.slice(0, -1).join(", ")} or ${
      known.at(-1)
    }, not ${JSON.stringify(text)}`,
  );
}

/**
 * @param login Whether a login is given too, a part of which may be what is
 * too much.
 */
function oneImage(
  { operands, ended }: ParsedArguments,
  login: boolean,
): string {
  const named = operands[0] === "pull" ? operands.slice(1) : operands;
  const [image, ...others] = named;
  if (image === undefined) throw new UsageError("No image is named");
  const command = OTHER_COMMANDS.find((name) => name === image);
  if (command && operands.length === 1 && !ended) {
    throw new UsageError(
      `Options come after the command, as in docker-pull ${command} ` +
        `[OPTIONS]; an image of that name is library/${command}`,
    );
  }
  if (others.length) {
    if (command && others.length === 1) {
      throw new UsageError(
        `Options come after the command, as in docker-pull ${command} ` +
          `[OPTIONS] ${redactAddress(others[0] ?? "")}`,
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
