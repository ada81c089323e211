/** Several places to look for a login, one after the other. */

import type {
  Credential,
  CredentialProvider,
  FoundCredential,
} from "../image/types.ts";
import { canonicalRegistry } from "../image/reference.ts";

/**
 * Asks the providers in their order and gives the first login found. Nothing
 * is read or run before the first question, so a registry that never asks for
 * a login costs nothing; an answer is kept for each repository, a failure is
 * not.
 *
 * @example Usage
 * ```ts
 * const credentials = credentialChain(
 *   givenCredential("ghcr.io", {
 *     kind: "basic",
 *     username: "octocat",
 *     password: "from somewhere safe",
 *   }, "--username"),
 * );
 * ```
 */
export function credentialChain(
  ...providers: CredentialProvider[]
): CredentialProvider {
  const answers = new Map<string, Promise<FoundCredential | undefined>>();
  async function ask(registry: string, repository: string) {
    for (const provider of providers) {
      const found = await provider(registry, repository);
      if (found) return found;
    }
    return undefined;
  }
  return (registry, repository) => {
    const key = `${canonicalRegistry(registry)}/${repository}`;
    let answer = answers.get(key);
    if (!answer) {
      answer = ask(registry, repository);
      answers.set(key, answer);
      answer.catch(() => answers.delete(key));
    }
    return answer;
  };
}

/** A login that was given for one registry, and that no other ever sees. */
export function givenCredential(
  registry: string,
  credential: Credential,
  source: string,
): CredentialProvider {
  const host = canonicalRegistry(registry);
  return (asked) =>
    Promise.resolve(
      canonicalRegistry(asked) === host ? { credential, source } : undefined,
    );
}
