/** The command line of `cache import`. */

import type { OptionDefinition } from "../options/arguments.ts";
import { UsageError } from "../options/arguments.ts";
import { CACHE_DIR, DEFAULT_CACHE_DIR } from "../options/option_table.ts";
import { COMMON_OPTIONS, JSON_OPTION } from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";

/** What is to be imported, and where to. */
export interface ImportCommandOptions {
  /** The files and folders. */
  paths: string[];
  /** `--cache-dir`. */
  cacheDir: string;
  /** `--json`. */
  json: boolean;
}

const TABLE: readonly OptionDefinition[] = [
  CACHE_DIR,
  JSON_OPTION,
  ...COMMON_OPTIONS,
];

/** The command line of `cache import`. */
export const IMPORT: CommandLine<ImportCommandOptions> = {
  summary:
    "Brings the images of archives and layouts into the cache, so that " +
    "a later pull\ndoes not fetch what is in them: of docker save, podman save, " +
    "skopeo, crane,\nregctl, oras and this program, and the layers that " +
    "docker_pull.py kept.",
  usage: ["docker-pull cache import [OPTIONS] FILE|FOLDER..."],
  options: TABLE,
  variables: ["DOCKER_PULL_CONFIG", "DOCKER_PULL_CACHE", "NO_COLOR"],
  examples: [
    "docker-pull cache import saved.tar more.tar.gz",
    "docker-pull cache import docker_images_cache/layers",
  ],
  read({ flags, one, operands }) {
    if (operands.length === 0) {
      throw new UsageError("No file or folder to import is named");
    }
    return {
      paths: operands,
      cacheDir: one("cache-dir") ?? DEFAULT_CACHE_DIR,
      json: flags.has("json"),
    };
  },
};
