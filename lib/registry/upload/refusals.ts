/** What a registry means that does not take something. */

import { RegistryError, UploadError } from "../../image/errors.ts";
import type { UploadProblem } from "../../image/problems.ts";
import type { Descriptor } from "../../image/types.ts";

/** Where something is pushed to. */
export interface UploadPlace {
  /** The registry's name. */
  registry: string;
  /** The repository's name. */
  repository: string;
}

/** Registries have no code for it, and say it with many statuses. */
const NO_ROOM =
  /no space left|\bquota\b|insufficient storage|disk (?:is )?full|storage (?:limit|exceeded)|not enough (?:space|storage)|exceeds? the configured (?:upper )?limit/i;
const READ_ONLY = /read[ -]?only|maintenance mode|pull[ -]through cache/i;

/** Says of a refusal that comes from a token server what it was for. */
export function asPush<T>(
  { registry, repository }: UploadPlace,
  error: T,
): T | RegistryError {
  if (!(error instanceof RegistryError) || error.asked?.kind === "push") {
    return error;
  }
  const asked = { kind: "push", registry, repository } as const;
  return new RegistryError({ ...error, asked }, { cause: error });
}

/** The words of a refusal, those of its details included. */
function wordsOf({ errors }: RegistryError): string {
  return errors.map(({ code, message, detail }) =>
    `${code} ${message} ${detail === undefined ? "" : JSON.stringify(detail)}`
  ).join(" ");
}

/**
 * What a refusal means to whoever pushes.
 *
 * @param place Where to.
 * @param error The refusal.
 * @param descriptor What.
 * @returns An error that says it, or the refusal itself where it says it.
 */
export function refusal(
  { registry, repository }: UploadPlace,
  error: RegistryError,
  { digest, size }: Descriptor,
): Error {
  const problem = ((): UploadProblem | undefined => {
    const { status, errors } = error;
    const words = wordsOf(error);
    if (status === 507 || NO_ROOM.test(words)) return { code: "no-room" };
    if (status === 413) return { code: "too-large", digest, size };
    if (status === 405 || READ_ONLY.test(words)) return { code: "read-only" };
    const unknown = errors.some(({ code }) => code === "NAME_UNKNOWN");
    if (errors.some(({ code }) => code === "BLOB_UPLOAD_UNKNOWN")) {
      return { code: "forgetful" };
    }
    // A registry's own words have a code.
    const isNone = status === 501 && errors.every(({ code }) => code === "");
    if (isNone) return { code: "no-registry" };
    if (status === 404 || unknown) return { code: "no-repository" };
    return undefined;
  })();
  return problem
    ? new UploadError(registry, repository, problem, { cause: error })
    : error;
}
