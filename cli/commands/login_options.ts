/** The command lines of `login` and `logout`. */

import { parseRegistry } from "../access/credential_files.ts";
import {
  COMMON_OPTIONS,
  JSON_OPTION,
  LOGIN_OPTIONS,
  type LoginOptions,
  NETWORK_OPTIONS,
  type NetworkOptions,
  readLoginOptions,
  readNetworkOptions,
} from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";

/** What is to be logged in to, and how. */
export interface LoginCommandOptions extends NetworkOptions, LoginOptions {
  /** The registry, as in a reference. */
  registry: string;
  /** `--json`. */
  json: boolean;
  /** `--verbose`. */
  verbose: boolean;
}

/** What is to be logged out of. */
export interface LogoutCommandOptions {
  /** The registry, as in a reference. */
  registry: string;
  /** `--authfile`. */
  authfile?: string;
  /** `--json`. */
  json: boolean;
}

/** What these options of a pull mean to a login. */
const LOGIN_HELP: Readonly<Record<string, string>> = {
  authfile: "The file to keep the login in, as Podman has it, in place of " +
    "Docker's",
  username: "The user name; without it, it is asked for on a terminal",
};

const PLACES = [
  "REGISTRY_AUTH_FILE",
  "DOCKER_CONFIG",
  "DOCKER_PULL_CONFIG",
  "NO_COLOR",
];

/** The command line of `login`. */
export const LOGIN: CommandLine<LoginCommandOptions> = {
  summary: 'Checks a login with a registry and keeps it where "docker login" ' +
    "does.",
  usage: ["docker-pull login [OPTIONS] [HOST]"],
  options: [
    ...LOGIN_OPTIONS.map((option) => ({
      ...option,
      help: LOGIN_HELP[option.name] ?? option.help,
    })),
    ...NETWORK_OPTIONS,
    JSON_OPTION,
    ...COMMON_OPTIONS,
  ],
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
  read: (parsed) => ({
    ...readLoginOptions(parsed),
    registry: parseRegistry(parsed.operands),
    ...readNetworkOptions(parsed),
    json: parsed.flags.has("json"),
    verbose: parsed.flags.has("verbose"),
  }),
};

/** The command line of `logout`. */
export const LOGOUT: CommandLine<LogoutCommandOptions> = {
  summary: "Forgets the login for a registry.",
  usage: ["docker-pull logout [OPTIONS] [HOST]"],
  options: [
    {
      name: "authfile",
      value: "FILE",
      setting: true,
      variable: "REGISTRY_AUTH_FILE",
      group: "Login",
      help: "The file with the login, as Podman has it, in place of Docker's",
    },
    JSON_OPTION,
    ...COMMON_OPTIONS,
  ],
  variables: PLACES,
  examples: ["docker-pull logout ghcr.io"],
  read: ({ operands, one, flags }) => ({
    registry: parseRegistry(operands),
    authfile: one("authfile"),
    json: flags.has("json"),
  }),
};
