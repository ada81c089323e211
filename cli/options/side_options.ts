/** The options of a copy that are about one of its sides. */

import {
  type OptionDefinition,
  type ParsedArguments,
  refuseBoth,
  UsageError,
} from "./arguments.ts";
import type { LoginOptions } from "./shared_options.ts";

/** One side of a copy. */
export type Side = "src" | "dest";

/** What is said of one side's registry. */
export interface SideOptions extends Omit<LoginOptions, "authfile"> {
  /** `--dest-plain-http`. */
  plainHttp: boolean;
}

/** How a side is called in the help. */
const OF: Readonly<Record<Side, string>> = {
  src: "the registry that images come from",
  dest: "the registry that images go to",
};

/** The options of a side, as skopeo's users know them. */
export function sideOptions(side: Side): readonly OptionDefinition[] {
  const group = "Login";
  return [
    {
      name: `${side}-username`,
      value: "USER",
      group,
      help: `The user name for ${OF[side]}`,
    },
    {
      name: `${side}-password`,
      value: "PASSWORD",
      group,
      help: "That user's password or token; other users of this machine can " +
        `see it, so better use --${side}-password-stdin`,
    },
    {
      name: `${side}-password-stdin`,
      group,
      help: "Read that password or token from standard input",
    },
    {
      name: `${side}-creds`,
      value: "USER:PASSWORD",
      group,
      help: "Both in one, as other programs have it; others can see it, too",
    },
    {
      name: `${side}-plain-http`,
      group: "Network",
      help: `Use http, not https, for ${OF[side]}`,
    },
  ];
}

/**
 * What the options of a side mean together.
 *
 * @returns Nothing where none is given.
 * @throws {UsageError} They contradict each other.
 */
export function readSideOptions(
  parsed: ParsedArguments,
  side: Side,
): SideOptions | undefined {
  const { flags, one } = parsed;
  const name = (option: string) => `${side}-${option}`;
  refuseBoth(parsed, name("password"), name("password-stdin"));
  for (const option of ["username", "password", "password-stdin"]) {
    refuseBoth(parsed, name("creds"), name(option));
  }
  const creds = one(name("creds"));
  const colon = creds?.indexOf(":") ?? -1;
  if (creds !== undefined && colon < 1) {
    throw new UsageError(`Option --${name("creds")} needs USER:PASSWORD`);
  }
  const found: SideOptions = {
    username: creds?.slice(0, colon) ?? one(name("username")),
    password: creds?.slice(colon + 1) ?? one(name("password")),
    passwordStdin: flags.has(name("password-stdin")),
    plainHttp: flags.has(name("plain-http")),
    given: {
      username: `--${name(creds === undefined ? "username" : "creds")}`,
      password: `--${name(creds === undefined ? "password" : "creds")}`,
    },
  };
  const { username, password, passwordStdin, plainHttp } = found;
  const none = username === undefined && password === undefined &&
    !passwordStdin && !plainHttp;
  return none ? undefined : found;
}
