/** The options of the command, in one table. */

import type { OptionDefinition } from "./arguments.ts";

/** The folder of the cache where no other is named. */
export const DEFAULT_CACHE_DIR = "docker_images_cache";
/** How many connections there are at most where nothing else is said. */
export const DEFAULT_CONCURRENCY = 3;
/** As many connections as can be asked for. */
export const MAX_CONCURRENCY = 64;

/** Every option, in the order of the help. */
export const OPTIONS: readonly OptionDefinition[] = [
  {
    name: "platform",
    value: "OS/ARCH[/VARIANT]",
    group: "Image",
    help: "The platform to pull, such as linux/arm64; the default is linux " +
      "on this machine's architecture",
  },
  {
    name: "output",
    short: "o",
    value: "FILE",
    group: "Image",
    help: "The file or folder to write to; the default is a file named after " +
      "the image, in the current folder",
  },
  {
    name: "force",
    group: "Image",
    help: "Write the file even if it holds this very image already",
  },
  {
    name: "cache-dir",
    value: "DIR",
    group: "Cache",
    help: `The folder of the cache (default ${DEFAULT_CACHE_DIR})`,
  },
  {
    name: "no-cache",
    group: "Cache",
    help: "Neither read nor write a cache",
  },
  {
    name: "trust-cache",
    group: "Cache",
    help: "Take layers from the cache without verifying them again",
  },
  {
    name: "username",
    value: "USER",
    group: "Login",
    help: "The user name for the image's registry; asks for the password " +
      "on a terminal",
  },
  {
    name: "password",
    value: "PASSWORD",
    group: "Login",
    help: "The password or token; other users of this machine can see it, " +
      "so better use --password-stdin",
  },
  {
    name: "password-stdin",
    group: "Login",
    help: "Read the password or token from standard input",
  },
  {
    name: "max-concurrent-downloads",
    value: "N",
    group: "Network",
    help: `Connections at a time, 1 to ${MAX_CONCURRENCY} ` +
      `(default ${DEFAULT_CONCURRENCY})`,
  },
  {
    name: "retries",
    value: "N",
    group: "Network",
    help: "Tries after a failed one that got no further (default 5)",
  },
  {
    name: "timeout",
    value: "SECONDS",
    group: "Network",
    help: "Take a connection for dead when it is silent for so long " +
      "(default 30)",
  },
  {
    name: "ca-cert",
    value: "FILE",
    repeatable: true,
    group: "Network",
    help: "Trust the certificate authorities in this PEM file, too; may be " +
      "given more than once",
  },
  {
    name: "insecure",
    group: "Network",
    help: "Do not verify the registry's certificate",
  },
  {
    name: "plain-http",
    group: "Network",
    help: "Use http, not https; loopback hosts are tried that way by " +
      "themselves",
  },
  {
    name: "quiet",
    short: "q",
    group: "Messages",
    help: "No progress; print the file's path only",
  },
  {
    name: "verbose",
    short: "v",
    group: "Messages",
    help: "Show every request and the causes of errors, without secrets",
  },
  { name: "help", short: "h", group: "Messages", help: "Show this help" },
  { name: "version", group: "Messages", help: "Show the version" },
];
