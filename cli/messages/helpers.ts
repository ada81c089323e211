/** What a credential helper could not do, and why. */

import type { CredentialHelperError } from "../../lib/image/errors.ts";
import type { HelperFailure } from "../../lib/image/problems.ts";
import { helperProgram } from "../../lib/credentials/helper.ts";

/** Why, with the helper as the subject. */
export function helperFailure(failure: HelperFailure): string {
  switch (failure.code) {
    case "not-a-name":
      return "it is not a helper's name";
    case "not-installed":
      return "it is not installed";
    case "unstartable":
      return `it cannot be started (${failure.system})`;
    case "timeout":
      return `it did not answer within ${failure.timeout / 1000} s`;
    case "overflow":
      return `it printed more than ${failure.limit} bytes`;
    case "failed":
      return `it failed with code ${failure.status}` +
        (failure.words && ` (${failure.words})`);
    case "no-login":
      return "what it printed is not a login";
    case "registry-token":
      return "helpers do not keep registry tokens";
  }
}

/** What a login could not be stored or erased with. */
export function helperSentence(
  { operation, helper, server, problem }: CredentialHelperError,
): string {
  return `Cannot ${operation} the login for ${server} with ${
    helperProgram(helper) ?? shortName(helper)
  }: ${helperFailure(problem)}`;
}

/** Why a helper gave no login. */
export function noLoginSentence(
  helper: string,
  server: string,
  failure: HelperFailure,
): string {
  const program = helperProgram(helper);
  return `Cannot get a login for ${server} from ${
    program ?? "a credential helper"
  }: ${
    program
      ? helperFailure(failure)
      : `${shortName(helper)} is not a helper's name`
  }`;
}

function shortName(helper: string): string {
  return JSON.stringify(helper.slice(0, 64));
}
