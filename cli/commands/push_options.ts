/** The command line of `push`. */

import { redactAddress } from "../../lib/redact/address.ts";
import {
  type OptionDefinition,
  type ParsedArguments,
  refuseBoth,
  UsageError,
} from "../options/arguments.ts";
import {
  asUploads,
  DOWNLOADS,
  OPTIONS,
  UPLOADS,
} from "../options/option_table.ts";
import { REQUIRE_OPTIONS } from "../options/signature_options.ts";
import { readSideOptions, sideOptions } from "../options/side_options.ts";
import { COPY, type CopyCommandOptions } from "./copy_options.ts";
import type { CommandLine } from "./command.ts";

/** Options of a pull that a push has, too. */
const SHARED = new Set([
  "platform",
  "layers",
  "force",
  "cache-dir",
  "no-cache",
  "username",
  "password",
  "password-stdin",
  "authfile",
  "max-concurrent-downloads",
  "retries",
  "timeout",
  "max-wait",
  "ca-cert",
  "client-cert",
  "client-key",
  "insecure",
  "insecure-host",
  "plain-http",
  ...REQUIRE_OPTIONS.map(({ name }) => name),
  "quiet",
  "progress",
  "json",
  "verbose",
  "help",
]);

/** What they mean here, where that is something else. */
const HELP: Readonly<Record<string, string>> = {
  "platform": "The platform to push, such as linux/arm64, several with " +
    "commas, or all; the default is all that there are in the file",
  "force": "Ask for every part of an image even if the registry has its name " +
    "and digest",
  "cache-dir": "The folder where uploads are remembered that break off " +
    "(default docker_images_cache)",
  "no-cache": "Remember none",
  "username": "The user name for the registry; asks for the password on a " +
    "terminal",
  "quiet": "No progress; print the names there only",
};

const TABLE: readonly OptionDefinition[] = [
  ...OPTIONS.filter(({ name }) => SHARED.has(name)).map((option) => ({
    ...asUploads(option),
    help: HELP[option.name] ?? option.help,
  })),
  ...sideOptions("dest"),
];

/** The command line of `push`. */
export const PUSH: CommandLine<CopyCommandOptions> = {
  summary: "Pushes the images of an archive or a layout to a registry: what " +
    "it has is not\nsent, and what breaks off goes on the next time.\n\n" +
    "DST is the name of the only image there, or HOST/PATH/ for all of them, " +
    "each\nby its own name below that path.",
  usage: ["docker-pull push [OPTIONS] FILE|LAYOUT DST"],
  options: TABLE,
  examples: [
    "docker-pull push nginx.tar registry.test:5000/nginx:1.27",
    "docker-pull push all.tar registry.test:5000/mirror/",
    "docker-pull push oci:layout:nginx:1.27 registry.test:5000/nginx:1.27",
  ],
  read(parsed) {
    const [source, destination, ...others] = parsed.operands;
    if (source === undefined || destination === undefined) {
      throw new UsageError(
        "A file or layout to push and a registry to push to are named",
      );
    }
    if (others.length > 0) {
      throw new UsageError(
        `From one file to one place: ${
          JSON.stringify(redactAddress(others[0]!))
        } is too much`,
      );
    }
    for (const name of ["username", "password", "password-stdin"]) {
      refuseBoth(parsed, name, `dest-${name}`);
      refuseBoth(parsed, name, "dest-creds");
    }
    const options = COPY.read(asCopy(parsed));
    const { username, password, passwordStdin, plainHttp } = options;
    const dest = readSideOptions(parsed, "dest");
    return {
      ...options,
      dest: {
        username: dest?.username ?? username,
        password: dest?.password ?? password,
        passwordStdin: (dest?.passwordStdin ?? false) || passwordStdin,
        plainHttp: (dest?.plainHttp ?? false) || plainHttp,
        given: dest?.username === undefined ? undefined : dest.given,
      },
    };
  },
};

/** The same, with the name that the number of connections has in a copy. */
function asCopy(parsed: ParsedArguments): ParsedArguments {
  const values = new Map(
    [...parsed.values].map(([name, value]) =>
      [name === UPLOADS ? DOWNLOADS : name, value] as const
    ),
  );
  return { ...parsed, values, one: (name) => values.get(name)?.[0] };
}
