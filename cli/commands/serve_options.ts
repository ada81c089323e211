/** The command line of `serve`. */

import { redactAddress } from "../../lib/redact/address.ts";
import type { OptionDefinition } from "../options/arguments.ts";
import { UsageError } from "../options/arguments.ts";
import { CACHE_DIR, DEFAULT_CACHE_DIR } from "../options/option_table.ts";
import { COMMON_OPTIONS, JSON_OPTION } from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";

/** What is to be served, and where. */
export interface ServeCommandOptions {
  /** The file or folder. */
  path: string;
  /** The name or address to listen at. */
  host: string;
  /** The port. */
  port: number;
  /** `--quiet`. */
  quiet: boolean;
  /** `--json`. */
  json: boolean;
}

const [HOST, PORT] = ["127.0.0.1", 5000];

const TABLE: readonly OptionDefinition[] = [
  {
    name: "cache",
    group: "Place",
    help: "Serve the cache",
  },
  CACHE_DIR,
  {
    name: "listen",
    value: "HOST:PORT",
    group: "Place",
    help: `Listen there (default ${HOST}:${PORT}); 0.0.0.0 is every address ` +
      "of this machine, for all who reach it, as there is no login",
  },
  {
    name: "quiet",
    short: "q",
    group: "Messages",
    help: "No line for each request; print the address only",
  },
  JSON_OPTION,
  ...COMMON_OPTIONS,
];

/** The command line of `serve`. */
export const SERVE: CommandLine<ServeCommandOptions> = {
  summary: "Serves the images in an archive, a layout or the cache as a " +
    "read-only registry,\nand shows them to a browser.",
  usage: ["docker-pull serve [OPTIONS] FILE|LAYOUT|--cache"],
  options: TABLE,
  variables: ["DOCKER_PULL_CONFIG", "DOCKER_PULL_CACHE", "NO_COLOR"],
  examples: [
    "docker-pull serve library_nginx_latest.tar",
    "docker-pull serve --cache --listen 0.0.0.0:5000",
  ],
  read({ flags, one, operands: [path, ...others] }) {
    const cache = flags.has("cache");
    if (cache && path !== undefined) {
      throw new UsageError("Either the cache or a file or layout is served");
    }
    if (!cache && !path) throw new UsageError("No file or layout is named");
    if (others.length) throw new UsageError("One file or layout at a time");
    if (path !== undefined && /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
      throw new UsageError(
        `A file or layout of this machine is served, and ` +
          `${JSON.stringify(redactAddress(path))} is an address`,
      );
    }
    return {
      path: path || (one("cache-dir") ?? DEFAULT_CACHE_DIR),
      ...readListen(one("listen")),
      quiet: flags.has("quiet"),
      json: flags.has("json"),
    };
  },
};

/** A port alone is one of this machine only, as is the default. */
function readListen(text = ""): { host: string; port: number } {
  const [, host = "", port = String(PORT)] =
    /^(?:(\[[0-9a-f:.%]+\]|[^:[\]/?#@\s]*):)?(\d{1,5})$/i.exec(text) ??
      /^(\[[0-9a-f:.%]+\]|[^:[\]/?#@\s]*)$/i.exec(text) ?? [];
  const isHost = text === "" || host !== "" || /^:?\d+$/.test(text);
  if (!isHost || Number(port) > 65_535) {
    throw new UsageError(
      `Option --listen needs an address as HOST:PORT, ` +
        `not ${JSON.stringify(redactAddress(text))}`,
    );
  }
  return { host: host.replace(/^\[|\]$/g, "") || HOST, port: Number(port) };
}
