/** The command line of `lock`: that of a pull, as far as it matters. */

import type { OptionDefinition } from "../options/arguments.ts";
import { OPTIONS } from "../options/option_table.ts";
import type { CommandLine } from "./command.ts";
import { type PullCommandOptions, readPullOptions } from "./pull_options.ts";

/** What matters of the options of a pull. */
const KEPT = new Set([
  "from",
  "platform",
  "max-concurrent-downloads",
  "retries",
  "timeout",
  "max-wait",
]);
const GROUPS = new Set(["Login", "Network", "Mirrors"]);
const LEFT_OUT = new Set(["min-speed", "progress", "version"]);

const HELP: Readonly<Record<string, string>> = {
  from: "Lock the images that a list names, or - for standard input; may be " +
    "given more than once",
  platform: "The platform to lock, such as linux/arm64, several with commas, " +
    "or all; the default is what a pull on this machine takes",
  "max-concurrent-downloads":
    "Documents at a time, at least, 1 to 64 (default 3)",
  quiet: "No warnings; print the lock only",
};

/** The options of a pull that tell how documents are had. */
export const DOCUMENT_OPTIONS: readonly OptionDefinition[] = OPTIONS
  .filter(({ name, group }) =>
    KEPT.has(name) || GROUPS.has(group) && !LEFT_OUT.has(name) ||
    group === "Messages" && !LEFT_OUT.has(name)
  )
  .map((option) => ({ ...option, help: HELP[option.name] ?? option.help }));

/** The command line of `lock`. */
export const LOCK: CommandLine<PullCommandOptions> = {
  summary: "Finds out what images' names stand for now, down to each layer, " +
    "and prints that\nas JSON; docker-pull --lock FILE pulls the very same " +
    "later, whatever the tags\nmean by then.",
  usage: [
    "docker-pull lock [OPTIONS] IMAGE...",
    "docker-pull lock [OPTIONS] --from FILE [IMAGE...]",
  ],
  options: DOCUMENT_OPTIONS,
  examples: [
    "docker-pull lock nginx:1.27 redis:7 > images.lock.json",
    "docker-pull lock --platform all --from compose.yaml > images.lock.json",
    "docker-pull --lock images.lock.json -o all.tar",
  ],
  read: readPullOptions,
};
