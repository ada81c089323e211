/** What a registry's refusal means to the user. */

import type { RegistryError } from "../lib/errors.ts";
import type { ErrorContext, Explanation } from "./explanation.ts";
import { EXIT } from "./exit_codes.ts";
import { formatWholeTime } from "./text.ts";

/** Puts a registry's refusal in words, by its status. */
export function explainRegistryError(
  error: RegistryError,
  {
    image = "the image",
    action = `pull ${JSON.stringify(image)}`,
    registry = "the registry",
    repository,
    login,
  }: ErrorContext,
): Explanation {
  const { status, errors, retryAfter, url } = error;
  const own = errors.map(({ code, message }) =>
    [code, message].filter(Boolean).join(": ")
  ).filter(Boolean).join("; ");
  const words = own ? ` (${own})` : "";
  const cannot = `Cannot ${action}: ${registry}`;
  if (status === 401) {
    return {
      sentence: login
        ? `${cannot} refuses the user name or password${words}`
        : `${cannot} wants a login, or has no such image${words}`,
      hint: login
        ? "check both; many registries want a token in place of the password"
        : "check the name; if it is right, give --username USER " +
          "--password-stdin",
      code: EXIT.authentication,
    };
  }
  if (status === 403) {
    return {
      sentence: `${cannot} forbids it to ${
        login ? "this user" : "anonymous users"
      }${words}`,
      hint: login
        ? "ask for the right to pull, or renew the login if it has expired"
        : "give --username USER --password-stdin",
      code: EXIT.forbidden,
    };
  }
  if (status === 404) {
    return {
      sentence: `${cannot} ${missing(errors, url, repository)}${words}`,
      hint: "check the spelling of the name and the tag",
      code: EXIT.notFound,
    };
  }
  if (status === 429) {
    const when = retryAfter ? `in ${formatWholeTime(retryAfter)}` : "later";
    return {
      sentence: `${cannot} allows no more pulls for now${words}`,
      hint: login
        ? `try again ${when}`
        : `try again ${when}; a login often allows more`,
      code: EXIT.rateLimited,
    };
  }
  if (status >= 500 || status === 408 || status === 425) {
    return {
      sentence: `${cannot} has a fault of its own, HTTP ${status}${words}`,
      hint: "try again later",
      code: EXIT.network,
    };
  }
  return {
    sentence: `${cannot} answers HTTP ${status}${words}`,
    hint: "--verbose shows the request",
    code: EXIT.other,
  };
}

function missing(
  errors: RegistryError["errors"],
  url: string,
  repository?: string,
): string {
  const has = (code: string) => errors.some((error) => error.code === code);
  if (has("NAME_UNKNOWN")) {
    return repository
      ? `has no repository ${JSON.stringify(repository)}`
      : "has no such repository";
  }
  if (url.includes("/blobs/")) return "has lost a part of the image";
  return has("MANIFEST_UNKNOWN")
    ? "has no such tag or digest"
    : "has no such image";
}
