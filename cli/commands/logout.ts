/** `docker-pull logout`: forgets the login for a registry. */

import { eraseCredential } from "../../lib/credentials/save.ts";
import {
  credentialPathSettings,
  loginFile,
  requireFolder,
} from "../access/credential_files.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { Io, Services } from "../io.ts";
import type { LogoutCommandOptions } from "../options/login_options.ts";
import { abortOnSignals } from "../signals.ts";
import { neutralize } from "../progress/text.ts";

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
  { helperEnv }: Pick<Services, "helperEnv"> = {},
): Promise<string[]> {
  const { registry, authfile } = options;
  Object.assign(context, {
    registry,
    action: `log out of ${JSON.stringify(registry)}`,
    subject: "login",
  });
  const settings = await credentialPathSettings(io.env, io.os);
  const file = loginFile(settings, authfile);
  await requireFolder(settings, file);
  const { path, ...named } = file;
  const interruption = abortOnSignals(io.signals);
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
