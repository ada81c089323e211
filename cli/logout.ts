/** `docker-pull logout`: forgets the login for a registry. */

import { eraseCredential } from "../lib/credentials/save.ts";
import { type OptionDefinition, parseArguments } from "./arguments.ts";
import {
  credentialPathSettings,
  loginFile,
  parseRegistry,
} from "./credential_files.ts";
import type { ErrorContext } from "./errors.ts";
import type { CommandHelp } from "./help.ts";
import type { Io } from "./io.ts";
import { AUTHFILE_OPTION, type LoginServices } from "./login.ts";
import { OPTIONS } from "./option_table.ts";
import { abortOnSignals } from "./signals.ts";
import { neutralize } from "./text.ts";

/** The options of `logout`. */
export const LOGOUT_OPTIONS: readonly OptionDefinition[] = [
  AUTHFILE_OPTION,
  ...OPTIONS.filter(({ name }) => name === "help"),
];

/** The help of `logout`. */
export const LOGOUT_HELP: CommandHelp = {
  summary: "Forgets the login for a registry.",
  usage: "docker-pull logout [OPTIONS] [HOST]",
  options: LOGOUT_OPTIONS,
  examples: ["docker-pull logout ghcr.io"],
};

/** What is to be logged out of. */
export interface LogoutCommandOptions {
  /** The registry, as in a reference. */
  registry: string;
  /** `--authfile`. */
  authfile?: string;
}

/**
 * Reads what follows `docker-pull logout`.
 *
 * @throws {UsageError} It makes no sense.
 */
export function parseLogout(argv: readonly string[]): LogoutCommandOptions {
  const { values, operands } = parseArguments(argv, LOGOUT_OPTIONS);
  return {
    registry: parseRegistry(operands),
    authfile: values.get("authfile")?.[0],
  };
}

/**
 * Logs out as the options say.
 *
 * @param context Is filled with what an error's message needs.
 * @returns What to print on standard output.
 */
export async function runLogout(
  options: LogoutCommandOptions,
  io: Io,
  context: ErrorContext,
  { helperEnv }: Pick<LoginServices, "helperEnv"> = {},
): Promise<string[]> {
  const { registry, authfile } = options;
  Object.assign(context, { registry });
  const settings = await credentialPathSettings(io.env, io.os);
  const { path, ...named } = loginFile(settings, authfile);
  const interruption = abortOnSignals(io.signals, () => {});
  try {
    const places = await eraseCredential(path, registry, {
      ...named,
      ...(helperEnv && { env: helperEnv }),
      signal: interruption.signal,
    });
    const sentence = places.length
      ? `Removed the login for ${registry} from ${places.join(" and ")}`
      : `There was no login for ${registry} in ${named.source}`;
    return [neutralize(sentence)];
  } finally {
    interruption.stop();
  }
}
