/** Where a pull finds its logins, and what is remembered for its messages. */

import { defaultCredentials } from "../../lib/credentials/default_chain.ts";
import type { CredentialPathSettings } from "../../lib/credentials/default_paths.ts";
import type { Warning } from "../../lib/image/events.ts";
import type {
  CredentialProvider,
  Fetch,
  FoundCredential,
} from "../../lib/image/types.ts";
import type { ErrorContext } from "../messages/explanation.ts";

/** What {@linkcode findLogins} goes by. */
export interface LoginSettings {
  /** Where files of logins may be. */
  places: CredentialPathSettings;
  /** The registry of the image, the only one that a given login is for. */
  registry: string;
  /** The login that was given. */
  given?: FoundCredential;
  /** `--authfile`. */
  authfile?: string;
  /** Ends helpers. */
  signal: AbortSignal;
  /** Takes warnings. */
  onWarning: (warning: Warning) => void;
}

/** All logins of this user; what is found is noted for an error's message. */
export function findLogins(
  settings: LoginSettings,
  context: ErrorContext,
): CredentialProvider {
  const { places, registry, given, authfile, signal, onWarning } = settings;
  const provider = defaultCredentials(
    { ...places, registry, given, authfile },
    // Helpers inherit the whole environment: that of `places` has no PATH.
    { signal, onWarning },
  );
  return async (asked, repository) => {
    const found = await provider(asked, repository);
    if (found) context.secrets?.learnCredential(found.credential);
    if (found && asked === registry) {
      Object.assign(context, { login: true, loginSource: found.source });
    }
    return found;
  };
}

/** Notes whether a token was sent: then a refusal is not one of a password. */
export function noteTokens(fetch: Fetch, context: ErrorContext): Fetch {
  return (url, init) => {
    const sent = new Headers(init?.headers).get("authorization");
    if (sent?.startsWith("Bearer ")) context.bearer = true;
    return fetch(url, init);
  };
}
