/** The command line of `plan`: that of a pull. */

import { OPTIONS } from "../options/option_table.ts";
import type { CommandLine } from "./command.ts";
import { type PullCommandOptions, readPullOptions } from "./pull_options.ts";

/** Options of a pull that say nothing of what it takes. */
const LEFT_OUT = new Set([
  "dry-run",
  "load",
  "load-to",
  "min-speed",
  "trust-cache",
  "progress",
  "version",
]);

/** What they mean here, where that is something else. */
const HELP: Readonly<Record<string, string>> = {
  "quiet": "Only the list of images, of which nothing is asked then",
  "max-bytes": "Exit code 12 where layers of more than that would have to be " +
    "fetched, such as 500M or 2GiB",
};

/** The command line of `plan`. */
export const PLAN: CommandLine<PullCommandOptions> = {
  summary: "Says what a pull would fetch and write, and fetches no layer. " +
    "What it prints is a\nlist that --from reads.",
  usage: [
    "docker-pull plan [OPTIONS] IMAGE...",
    "docker-pull plan [OPTIONS] --from FILE [IMAGE...]",
  ],
  options: OPTIONS.filter(({ name }) => !LEFT_OUT.has(name))
    .map((option) => ({
      ...option,
      help: HELP[option.name] ?? option.help,
    })),
  examples: [
    "docker-pull plan nginx:1.27 redis:7",
    "docker-pull plan --from compose.yaml -o all.tar",
    "docker-pull plan --max-bytes 500M ghcr.io/owner/app:1.2",
  ],
  read: readPullOptions,
};
