/** The commands, and the options of a pull in one table. */

import { LOADERS } from "../../lib/copy/loaders.ts";
import { MAX_CONCURRENCY } from "../../lib/image/options.ts";
import type { OptionDefinition } from "./arguments.ts";
import { REQUIRE_OPTIONS } from "./signature_options.ts";
import {
  COMMON_OPTIONS,
  JSON_OPTION,
  LOGIN_OPTIONS,
  NETWORK_OPTIONS,
} from "./shared_options.ts";

/** The commands other than to pull, by their first argument. */
export const OTHER_COMMANDS = [
  "login",
  "logout",
  "doctor",
  "verify",
  "serve",
  "cache",
  "copy",
  "push",
  "inspect",
  "tags",
  "lock",
  "diff",
  "plan",
  "config",
  "completion",
  "man",
] as const;

/** One of the commands. */
export type CommandName = "pull" | typeof OTHER_COMMANDS[number];

/** The folder of the cache where no other is named. */
export const DEFAULT_CACHE_DIR = "docker_images_cache";
/** The option of how many connections layers come over. */
export const DOWNLOADS = "max-concurrent-downloads";
/** The option of how many they are sent over. */
export const UPLOADS = "max-concurrent-uploads";
/** How many connections there are at most where nothing else is said. */
export const DEFAULT_CONCURRENCY = 3;

/** What can be written. */
export const FORMATS = ["tar", "oci", "oci-archive", "docker-legacy"] as const;
/** How layers can be compressed in it. */
export const LAYERS = ["as-is", "plain", "gzip", "zstd"] as const;

/** How progress can be shown; `auto` is live lines on a terminal, else plain. */
export const PROGRESS_WAYS = ["auto", "tty", "plain", "json", "quiet"] as const;

/** One of the ways. */
export type ProgressWay = typeof PROGRESS_WAYS[number];

/** The option of the cache's folder. */
export const CACHE_DIR: OptionDefinition = {
  name: "cache-dir",
  value: "DIR",
  default: DEFAULT_CACHE_DIR,
  setting: true,
  variable: "DOCKER_PULL_CACHE",
  group: "Cache",
  help: `The folder of the cache (default ${DEFAULT_CACHE_DIR})`,
};

/** Every option of a pull, in the order of the help. */
export const OPTIONS: readonly OptionDefinition[] = [
  {
    name: "from",
    value: "FILE",
    repeatable: true,
    dash: true,
    group: "Image",
    help: "Pull the images that a list names, or - for standard input: one a " +
      "line, Kubernetes' YAML, a compose file; may be given more than once",
  },
  {
    name: "lock",
    value: "FILE",
    dash: true,
    group: "Image",
    help: "Pull what a lock of docker-pull lock names, or a list of digests, " +
      "and nothing else, whatever tags mean by now; of images that are named, " +
      "too, these",
  },
  {
    name: "dry-run",
    group: "Image",
    help: "Say what would be pulled, from where each is named, and what that " +
      "takes, as docker-pull plan does; fetch no layer",
  },
  {
    name: "platform",
    value: "OS/ARCH[/VARIANT]",
    repeatable: true,
    setting: "one",
    variable: "DOCKER_DEFAULT_PLATFORM",
    group: "Image",
    help: "The platform to pull, such as linux/arm64, several with commas, " +
      "or all; the default is linux on this machine's architecture",
  },
  {
    name: "index",
    value: "pruned|original",
    choices: ["pruned", "original"],
    default: "pruned",
    setting: true,
    group: "Image",
    help:
      "What a name with several platforms stands for: an index of what is " +
      "there (default), or the registry's own, whose digest stays",
  },
  {
    name: "attestations",
    setting: true,
    group: "Image",
    help: "Keep what is attested of an image, too, such as its provenance",
  },
  {
    name: "referrers",
    setting: true,
    group: "Image",
    help: "Keep what refers to an image, too: signatures, lists of software, " +
      "provenance, and the index as it was signed",
  },
  {
    name: "output",
    short: "o",
    value: "FILE",
    dash: true,
    group: "Image",
    help: "The file or folder to write to, or - for standard output; the " +
      "default is a file named after the image, in the current folder",
  },
  {
    name: "format",
    value: "FORMAT",
    choices: FORMATS,
    default: "tar",
    setting: true,
    group: "Image",
    help:
      "tar, one file for docker load and others; oci, a folder that is an " +
      "OCI image layout; oci-archive, such a layout in one file; or " +
      "docker-legacy, a file as Docker before 25 saved it (default tar)",
  },
  {
    name: "for",
    value: "PROGRAM",
    choices: Object.keys(LOADERS),
    setting: true,
    group: "Image",
    help: "Write what docker, podman, containerd, k3s, kind or skopeo takes " +
      "best, and show its command",
  },
  {
    name: "layers",
    value: "HOW",
    choices: LAYERS,
    default: "as-is",
    setting: true,
    group: "Image",
    help: "How layers are compressed in it: as-is, plain, gzip or zstd " +
      "(default as-is)",
  },
  {
    name: "load",
    group: "Image",
    help:
      "Load the image into Docker or Podman, in place of a file, and send " +
      "only the layers that are not there",
  },
  {
    name: "load-to",
    value: "URL",
    group: "Image",
    help: "The same with the daemon at unix:///PATH, tcp://HOST:PORT or " +
      "ssh://USER@HOST; the default is that of the docker command",
  },
  {
    name: "split",
    value: "SIZE",
    group: "Image",
    help: "Cut the file into parts of so many bytes at most, such as 4G or " +
      "700MiB, with their checksums and scripts that check them; cat joins them",
  },
  {
    name: "part",
    value: "N",
    group: "Image",
    help: "Write only that part, where it was lost; with the same --split",
  },
  {
    name: "have",
    value: "X",
    repeatable: true,
    dash: true,
    group: "Image",
    help: "Leave out the layers that the target has: X is an image or a file " +
      "there, a lock, what docker image inspect or ctr content ls -q prints " +
      "there, or a daemon such as ssh://HOST; may be given more than once",
  },
  {
    name: "keep-going",
    setting: true,
    group: "Image",
    help: "Write one file of several images without those that fail; it says " +
      "what it lacks",
  },
  {
    name: "force",
    group: "Image",
    help: "Write the file even if it holds this very image already, or " +
      "replaces one that is no image archive",
  },
  {
    name: "max-bytes",
    value: "SIZE",
    setting: true,
    group: "Image",
    help: "Fetch nothing where layers of more than that would have to be " +
      "fetched, such as 500M or 2GiB; exit code 12",
  },
  CACHE_DIR,
  {
    name: "no-cache",
    setting: true,
    variable: "DOCKER_PULL_CACHE",
    group: "Cache",
    help: "Neither read nor write a cache",
  },
  {
    name: "trust-cache",
    setting: true,
    group: "Cache",
    help: "Take layers from the cache without verifying them again",
  },
  ...LOGIN_OPTIONS,
  {
    name: "max-concurrent-downloads",
    value: "N",
    default: String(DEFAULT_CONCURRENCY),
    setting: true,
    group: "Network",
    help: `Connections at a time, 1 to ${MAX_CONCURRENCY} ` +
      `(default ${DEFAULT_CONCURRENCY})`,
  },
  {
    name: "retries",
    value: "N",
    default: "5",
    setting: true,
    group: "Network",
    help: "Tries after a failed one that got no further (default 5)",
  },
  {
    name: "timeout",
    value: "SECONDS",
    default: "30",
    setting: true,
    group: "Network",
    help: "Take a connection for dead when it is silent for so long " +
      "(default 30)",
  },
  {
    name: "max-wait",
    value: "SECONDS",
    default: "60",
    setting: true,
    group: "Network",
    help: "Wait for so long at most where the registry asks to come back " +
      "later (default 60)",
  },
  {
    name: "min-speed",
    value: "BYTES",
    default: "1000",
    setting: true,
    group: "Network",
    help: "Give a connection up that brings fewer bytes a second over twice " +
      "the timeout, of which each has its share (default 1000; 0 for none)",
  },
  ...NETWORK_OPTIONS,
  {
    name: "mirror",
    value: "HOST=URL[,URL]",
    repeatable: true,
    setting: true,
    variable: "DOCKER_PULL_MIRRORS",
    group: "Mirrors",
    help: "Ask these first for images of the registry HOST; may be given " +
      "more than once. The default for docker.io is what Docker's daemon.json " +
      "names",
  },
  {
    name: "no-mirrors",
    setting: true,
    variable: "DOCKER_PULL_MIRRORS",
    group: "Mirrors",
    help: "Ask the registry itself only",
  },
  {
    name: "trust-mirrors",
    setting: true,
    group: "Mirrors",
    help: "Believe a mirror what a tag means, without asking the registry",
  },
  ...REQUIRE_OPTIONS,
  {
    name: "quiet",
    short: "q",
    group: "Messages",
    help: "No progress; print the file's path only",
  },
  {
    name: "progress",
    value: "HOW",
    choices: PROGRESS_WAYS,
    default: "auto",
    setting: true,
    unless: "quiet",
    group: "Messages",
    help:
      "auto, tty (live lines), plain (lines that stay), json (one event a " +
      "line on standard error) or quiet (default auto)",
  },
  JSON_OPTION,
  ...COMMON_OPTIONS,
  { name: "version", group: "Messages", help: "Show the version" },
];

/** An option as a push has it: connections are for what is sent there. */
export function asUploads(option: OptionDefinition): OptionDefinition {
  return option.name === DOWNLOADS ? { ...option, name: UPLOADS } : option;
}
