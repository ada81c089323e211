/** The options of a login, which `login` and a pull share. */

import {
  type OptionDefinition,
  type ParsedArguments,
  refuseBoth,
} from "./arguments.ts";

/** The login that is given with the command. */
export interface LoginOptions {
  /** `--username`. */
  username?: string;
  /** `--password`. */
  password?: string;
  /** `--password-stdin`. */
  passwordStdin: boolean;
  /** `--authfile`. */
  authfile?: string;
}

/** The options, in the order of the help. */
export const LOGIN_OPTIONS: readonly OptionDefinition[] = [
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
    name: "authfile",
    value: "FILE",
    group: "Login",
    help: "The file with logins, as Podman has it, in place of Docker's and " +
      "all others",
  },
];

/**
 * What the options of a login mean together.
 *
 * @throws {UsageError} They contradict each other.
 */
export function readLoginOptions(parsed: ParsedArguments): LoginOptions {
  refuseBoth(parsed, "password", "password-stdin");
  return {
    username: parsed.one("username"),
    password: parsed.one("password"),
    passwordStdin: parsed.flags.has("password-stdin"),
    authfile: parsed.one("authfile"),
  };
}
