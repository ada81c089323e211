/** `docker-pull logout`: forgets the login for a registry. */

import { eraseCredential } from "../../lib/credentials/save.ts";
import {
  credentialPathSettings,
  loginFile,
} from "../access/credential_files.ts";
import { neutralize } from "../progress/text.ts";
import { abortOnSignals } from "../signals.ts";
import type { Run } from "./command.ts";
import type { LogoutCommandOptions } from "./login_options.ts";

/** Logs out as the options say. */
export const runLogout: Run<LogoutCommandOptions> = async (
  { registry, authfile, json },
  { env, os, signals },
  context,
  { helperEnv } = {},
) => {
  Object.assign(context, {
    registry,
    action: `log out of ${JSON.stringify(registry)}`,
    subject: "login",
  });
  const settings = await credentialPathSettings(env, os);
  const { path, ...named } = await loginFile(settings, authfile);
  const { signal, stop } = abortOnSignals(signals);
  try {
    const places = await eraseCredential(path, registry, {
      ...named,
      env: helperEnv,
      signal,
    });
    if (json) return { document: { registry, places } };
    const sentence = places.length
      ? `Removed the login for ${registry} from ${places.join(" and ")}`
      : `There was no login for ${registry} in ${named.source}`;
    return { lines: [neutralize(sentence)] };
  } finally {
    stop();
  }
};
