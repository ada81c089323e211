/** The command line of a pull, and what it means. */

import type { Format, Layers } from "../../lib/copy/forms.ts";
import { LOADERS, type LoadingProgram } from "../../lib/copy/loaders.ts";
import {
  LEAST_PART_BYTES,
  MAX_CONCURRENCY,
  MOST_PARTS,
} from "../../lib/image/options.ts";
import { holdsLogin } from "../../lib/redact/address.ts";
import {
  type ParsedArguments,
  refuseBoth,
  UsageError,
} from "../options/arguments.ts";
import {
  DEFAULT_CACHE_DIR,
  DEFAULT_CONCURRENCY,
  FORMATS,
  LAYERS,
  OPTIONS,
  OTHER_COMMANDS,
  PROGRESS_WAYS,
  type ProgressWay,
} from "../options/option_table.ts";
import {
  type LoginOptions,
  type NetworkOptions,
  readLoginOptions,
  readNetworkOptions,
} from "../options/shared_options.ts";
import {
  readRequiredSignature,
  type RequiredSignature,
} from "../options/signature_options.ts";
import { nearest } from "../options/meant.ts";
import {
  readNumber,
  readSize,
  readWholeNumber,
  readWord,
} from "../options/values.ts";
import type { CommandLine } from "./command.ts";

const PROGRAMS = Object.keys(LOADERS) as LoadingProgram[];

/** What crane and skopeo take a file to write as. */
const ARCHIVE =
  /\.(?:tar|tgz|tar\.gz)$|^(?:docker-archive|oci-archive|oci|dir):/;

/** What is said of a file, where a daemon takes the image in place of one. */
const FILE_OPTIONS = [
  "output",
  "format",
  "layers",
  "for",
  "split",
  "have",
  "referrers",
];

/** The end of a reference by digest, which no password ends with. */
const WHOLE_DIGEST = /@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** What is to be pulled, and how. */
export interface PullCommandOptions extends NetworkOptions, LoginOptions {
  /** The first reference as it was typed. */
  image: string;
  /** All of them. */
  images: string[];
  /** `--from`, each as it was typed. */
  from: string[];
  /** `--lock`. */
  lock?: string;
  /** `--dry-run`. */
  dryRun: boolean;
  /** `--platform`, each as it was typed. */
  platforms: string[];
  /** `--index`. */
  index?: "pruned" | "original";
  /** `--attestations`. */
  attestations: boolean;
  /** `--referrers`. */
  referrers: boolean;
  /** `--require-signature`, and who has to have signed. */
  signature?: RequiredSignature;
  /** `--keep-going`. */
  keepGoing: boolean;
  /** `--output`. */
  output?: string;
  /** `--format`. */
  format: Format;
  /** `--load`, or `--load-to`. */
  load: boolean;
  /** `--load-to`. */
  loadTo?: string;
  /** `--for`. */
  for?: LoadingProgram;
  /** `--layers`. */
  layers: Layers;
  /** `--have`, each as it was typed. */
  have: string[];
  /** `--max-bytes`. */
  maxBytes?: number;
  /** `--split`, in bytes. */
  split?: number;
  /** `--part`. */
  part?: number;
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
  /** `--progress`. */
  progress?: ProgressWay;
  /** `--json`. */
  json: boolean;
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
    "docker-pull [OPTIONS] IMAGE IMAGE...",
    "docker-pull [OPTIONS] --from FILE [IMAGE...]",
    "docker-pull [OPTIONS] --lock FILE [IMAGE...]",
    "docker-pull inspect [OPTIONS] IMAGE|FILE",
    "docker-pull tags [OPTIONS] IMAGE",
    "docker-pull plan [OPTIONS] IMAGE...",
    "docker-pull login [OPTIONS] [HOST]",
    "docker-pull logout [OPTIONS] [HOST]",
    "docker-pull doctor [OPTIONS] IMAGE",
    "docker-pull verify [OPTIONS] FILE|LAYOUT",
    "docker-pull serve [OPTIONS] FILE|LAYOUT|--cache",
    "docker-pull copy [OPTIONS] SRC DST",
    "docker-pull push [OPTIONS] FILE|LAYOUT DST",
    "docker-pull lock [OPTIONS] IMAGE...",
    "docker-pull diff [OPTIONS] A B",
    "docker-pull cache COMMAND [OPTIONS] [FILE|FOLDER...]",
    "docker-pull config [OPTIONS]",
    "docker-pull completion SHELL",
    "docker-pull man",
  ],
  options: OPTIONS,
  examples: [
    "docker-pull nginx",
    "docker-pull --platform linux/arm64 -o app.tar ghcr.io/owner/app:1.2",
    "docker-pull harbor.example.com/team/app@sha256:...",
    "docker-pull --platform linux/amd64,linux/arm64 -o all.tar nginx redis",
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
  refuseBoth(parsed, "lock", "from");
  for (const load of ["load", "load-to"]) {
    for (const other of FILE_OPTIONS) refuseBoth(parsed, load, other);
  }
  for (
    const [flag, other] of [
      ["for", "format"],
      ["no-cache", "cache-dir"],
      ["no-cache", "trust-cache"],
      ["no-mirrors", "mirror"],
      ["no-mirrors", "trust-mirrors"],
    ] as const
  ) refuseBoth(parsed, flag, other);
  const toStdout = one("output") === "-";
  if (toStdout && one("format") === "oci") {
    refuseBoth(
      parsed,
      "output",
      "format",
      "Option --output needs a folder: one cannot go to standard output",
    );
  }
  if (one("part") !== undefined && one("split") === undefined) {
    throw new UsageError("Option --part needs the --split that there was");
  }
  for (const other of ["output", "format"]) {
    if (one(other) !== (other === "output" ? "-" : "oci")) continue;
    refuseBoth(
      parsed,
      "split",
      other,
      "Option --split cuts a file, and neither a folder nor standard output",
    );
  }
  refuseBoth(parsed, "json", "quiet");
  if (toStdout && flags.has("json")) {
    throw new UsageError(
      "Option --json needs standard output, where the archive goes by " +
        "--output -; --progress json tells what goes on on standard error",
    );
  }
  const images = readImages(parsed);
  const word = <T extends string>(option: string, known: readonly T[]) => {
    const text = one(option);
    return text === undefined ? undefined : readWord(text, option, known);
  };
  if (one("format") === "docker-legacy") {
    const how = one("layers") ?? "";
    if (/^(?:gzip|zstd)$/.test(how)) {
      refuseBoth(
        parsed,
        "layers",
        "format",
        `Option --layers is plain for --format docker-legacy, not ${how}`,
      );
    }
    refuseBoth(
      parsed,
      "referrers",
      "format",
      "Option --referrers needs another form than --format docker-legacy",
    );
  }
  const format = word("format", FORMATS) ?? "tar";
  const layers = word("layers", LAYERS) ?? "as-is";
  const timeout = readNumber(one("timeout"), "timeout", 0.001, 86_400);
  const maxWait = readNumber(one("max-wait"), "max-wait", 0, 604_800);
  return {
    image: images[0] ?? "",
    images,
    from: readFrom(parsed),
    lock: one("lock"),
    dryRun: flags.has("dry-run"),
    platforms: splitList(values.get("platform")),
    index: word("index", ["pruned", "original"]),
    attestations: flags.has("attestations"),
    referrers: flags.has("referrers"),
    signature: readRequiredSignature(parsed),
    keepGoing: flags.has("keep-going"),
    output: one("output"),
    load: flags.has("load") || values.has("load-to"),
    loadTo: one("load-to"),
    format,
    for: word("for", PROGRAMS),
    layers,
    have: [...values.get("have") ?? []],
    maxBytes: readSize(one("max-bytes"), "max-bytes"),
    split: readPartSize(one("split")),
    part: readWholeNumber(one("part"), "part", 1, MOST_PARTS),
    force: flags.has("force"),
    cacheDir: !flags.has("no-cache") &&
      (one("cache-dir") ?? DEFAULT_CACHE_DIR),
    trustCache: flags.has("trust-cache"),
    ...readLoginOptions(parsed),
    concurrency: readWholeNumber(
      one("max-concurrent-downloads"),
      "max-concurrent-downloads",
      1,
      MAX_CONCURRENCY,
    ) ?? DEFAULT_CONCURRENCY,
    retries: readWholeNumber(one("retries"), "retries", 0, 1000),
    timeout: timeout && timeout * 1000,
    maxWait: maxWait && maxWait * 1000,
    minSpeed: readNumber(one("min-speed"), "min-speed", 0, 1e9),
    ...readNetworkOptions(parsed),
    mirrors: !flags.has("no-mirrors") && (values.get("mirror") ?? []),
    trustMirrors: flags.has("trust-mirrors"),
    progress: word("progress", PROGRESS_WAYS),
    json: flags.has("json"),
    quiet: flags.has("quiet"),
    verbose: flags.has("verbose"),
  };
}

/** What is given with commas, or more than once. */
function splitList(values: readonly string[] = []): string[] {
  return values.flatMap((text) => text.split(",")).map((text) => text.trim());
}

/** The lists, of which one can be standard input. */
function readFrom({ flags, values, one }: ParsedArguments): string[] {
  const from = values.get("from") ?? [];
  const readers = [
    ...one("lock") === "-" ? ["--lock -"] : [],
    ...from.filter((file) => file === "-").map(() => "one --from -"),
    ...(values.get("have") ?? []).filter((each) => each === "-")
      .map(() => "one --have -"),
  ];
  if (
    readers.length > 1 || (readers.length > 0 && flags.has("password-stdin"))
  ) {
    throw new UsageError(
      `Standard input is read once: by ${readers[0]}, or by --password-stdin`,
    );
  }
  return [...from];
}

function readPartSize(text?: string): number | undefined {
  const size = readSize(text, "split");
  if (size === undefined || size >= LEAST_PART_BYTES) return size;
  throw new UsageError(
    `Option --split needs a size of ${LEAST_PART_BYTES} bytes at least, not ` +
      JSON.stringify(text),
  );
}

/**
 * What to say where options stand before a command.
 *
 * @param command Its name, of one word or two.
 * @param parsed All arguments, where they could be taken apart.
 */
export function optionsFirst(
  command: string,
  parsed?: Pick<ParsedArguments, "operands" | "values">,
): UsageError {
  const names = command.split(" ");
  let shown = " ...";
  if (parsed) {
    const words = parsed.operands.slice(names.length);
    if (words.length > 0) shown = ` ${showWords(words, parsed.values)}`;
    else if (names.length > 1) shown = "";
    else shown = `; an image of that name is library/${command}`;
  }
  return new UsageError(
    `Options come after the command, as in docker-pull ${command} ` +
      `[OPTIONS]${shown}`,
    { hint: `docker-pull ${command} --help shows all options` },
  );
}

/** The words as they were typed, but not where they may hold a login. */
function showWords(
  words: readonly string[],
  values: ParsedArguments["values"],
): string {
  // A password with a space in it comes apart into several words.
  const given = [...values.keys()].some((name) => /password|creds/.test(name));
  return given || holdsLogin(words.map(withoutDigest).join(" "))
    ? "..."
    : words.join(" ");
}

function withoutDigest(word: string): string {
  return word.replace(WHOLE_DIGEST, "");
}

/** Which images are named. */
function readImages({ operands, ended, values }: ParsedArguments): string[] {
  const named = operands[0] === "pull" ? operands.slice(1) : operands;
  const [image, ...others] = named;
  if (image === undefined) {
    if (values.has("from") || values.has("lock")) return [];
    throw new UsageError("No image is named");
  }
  const command = OTHER_COMMANDS.find((name) => name === image);
  if (command && !ended && (others.length > 0 || operands.length === 1)) {
    throw optionsFirst(command, { operands: named, values });
  }
  const several = others.length > 0;
  // A password with a space in it comes apart into several words.
  const words = named.map(withoutDigest).join(" ");
  if (several && (values.has("password") || holdsLogin(words))) {
    throw new UsageError(
      `A password is for one image: ${named.length} words are too many; ` +
        "docker-pull login HOST keeps it for all of a registry",
    );
  }
  const file = others.find((name) => ARCHIVE.test(name));
  if (file !== undefined) {
    const word = JSON.stringify(named[0]);
    const meant = nearest(named[0]!, OTHER_COMMANDS);
    throw new UsageError(
      meant
        ? `There is no command ${word}; it may be meant as docker-pull ${meant}`
        : `${JSON.stringify(file)} is no image; a file to write is named ` +
          "with --output",
    );
  }
  return named;
}
