/** The options of `login` and `logout`, and what they mean. */

import { parseArguments, UsageError } from "./arguments.ts";
import type { OptionDefinition } from "./arguments.ts";
import { parseRegistry } from "../access/credential_files.ts";
import type { CommandHelp } from "./help.ts";
import {
  NETWORK_OPTIONS,
  type NetworkOptions,
  readNetworkOptions,
} from "./network_options.ts";
import { COMMON_OPTIONS, LOGIN_OPTIONS } from "./option_table.ts";

/** The options of `login`. */
export const LOGIN_TABLE: readonly OptionDefinition[] = [
  ...LOGIN_OPTIONS.map((option) =>
    option.name === "authfile"
      ? {
        ...option,
        help: "The file to keep the login in, as Podman has it, in place of " +
          "Docker's",
      }
      : option.name === "username"
      ? {
        ...option,
        help: "The user name; without it, it is asked for on a terminal",
      }
      : option
  ),
  ...NETWORK_OPTIONS,
  ...COMMON_OPTIONS,
];

/** The options of `logout`. */
export const LOGOUT_TABLE: readonly OptionDefinition[] = [
  {
    name: "authfile",
    value: "FILE",
    group: "Login",
    help: "The file with the login, as Podman has it, in place of Docker's",
  },
  ...COMMON_OPTIONS,
];

const PLACES = ["REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "NO_COLOR"];

/** The help of `login`. */
export const LOGIN_HELP: CommandHelp = {
  summary: 'Checks a login with a registry and keeps it where "docker login" ' +
    "does.",
  usage: ["docker-pull login [OPTIONS] [HOST]"],
  options: LOGIN_TABLE,
  variables: [
    "DOCKER_USERNAME",
    "DOCKER_PASSWORD",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    ...PLACES,
  ],
  examples: [
    "docker-pull login ghcr.io",
    "aws ecr get-login-password | docker-pull login --username AWS \\\n" +
    "    --password-stdin 123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  ],
};

/** The help of `logout`. */
export const LOGOUT_HELP: CommandHelp = {
  summary: "Forgets the login for a registry.",
  usage: ["docker-pull logout [OPTIONS] [HOST]"],
  options: LOGOUT_TABLE,
  variables: PLACES,
  examples: ["docker-pull logout ghcr.io"],
};

/** What is to be logged in to, and how. */
export interface LoginCommandOptions extends NetworkOptions {
  /** The registry, as in a reference. */
  registry: string;
  /** `--authfile`. */
  authfile?: string;
  /** `--username`. */
  username?: string;
  /** `--password`. */
  password?: string;
  /** `--password-stdin`. */
  passwordStdin: boolean;
  /** `--verbose`. */
  verbose: boolean;
}

/**
 * Reads what follows `docker-pull login`.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseLogin(argv: readonly string[]): LoginCommandOptions {
  const { flags, values, operands } = parseArguments(argv, LOGIN_TABLE);
  const one = (name: string) => values.get(name)?.[0];
  if (values.has("password") && flags.has("password-stdin")) {
    throw new UsageError(
      "Options --password and --password-stdin exclude each other",
    );
  }
  return {
    registry: parseRegistry(operands),
    authfile: one("authfile"),
    username: one("username"),
    password: one("password"),
    passwordStdin: flags.has("password-stdin"),
    ...readNetworkOptions({ flags, values }),
    verbose: flags.has("verbose"),
  };
}

/** What is to be logged out of. */
export interface LogoutCommandOptions {
  /** The registry, as in a reference. */
  registry: string;
  /** `--authfile`. */
  authfile?: string;
  /** `--verbose`. */
  verbose: boolean;
}

/**
 * Reads what follows `docker-pull logout`.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseLogout(argv: readonly string[]): LogoutCommandOptions {
  const { flags, values, operands } = parseArguments(argv, LOGOUT_TABLE);
  return {
    registry: parseRegistry(operands),
    authfile: values.get("authfile")?.[0],
    verbose: flags.has("verbose"),
  };
}
