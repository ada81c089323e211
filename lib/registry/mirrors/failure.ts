/** What the failure of a mirror means for the requests that follow. */

import {
  ContentMismatchError,
  DockerPullError,
  InvalidDigestError,
  InvalidReferenceError,
  NetworkError,
  RegistryError,
} from "../../image/errors.ts";
import type { MirrorFault } from "../../image/events.ts";

/** A failure, judged. */
export interface MirrorFailure {
  /** What went wrong; each is told of once. */
  fault: MirrorFault;
  /**
   * Milliseconds for which others are asked first; without it, a while that
   * grows from failure to failure.
   */
  pause?: number;
  /** Whether the mirror is well and merely lacks what was asked for. */
  missing?: boolean;
  /** Whether what it sent was wrong. */
  wrong?: boolean;
}

/**
 * About as long as a pull takes, in milliseconds: there is no use in asking
 * again.
 */
export const FOR_GOOD_MS = 3_600_000;
const RATE_PAUSE_MS = 60_000;

/**
 * Judges a failure.
 *
 * @param error What a request to the mirror threw.
 * @returns The judgement; nothing where it is no failure of the mirror, but an
 * abort or a mistake of the caller.
 */
export function judgeFailure(error: unknown): MirrorFailure | undefined {
  if (
    !(error instanceof DockerPullError) ||
    error instanceof InvalidDigestError ||
    error instanceof InvalidReferenceError
  ) return undefined;
  if (error instanceof ContentMismatchError) {
    return wrongBytes(error.descriptor.digest);
  }
  if (error instanceof NetworkError) {
    return { fault: { code: "unreachable", error } };
  }
  if (error instanceof RegistryError) return judgeStatus(error);
  return { fault: { code: "unusable", error }, pause: FOR_GOOD_MS };
}

/**
 * The judgement of one who has sent wrong bytes.
 *
 * @param digest The digest that they do not have.
 * @returns The judgement.
 */
export function wrongBytes(digest: string): MirrorFailure {
  return {
    fault: { code: "wrong-bytes", digest },
    pause: FOR_GOOD_MS,
    wrong: true,
  };
}

function judgeStatus(
  { status, retryAfter, url }: RegistryError,
): MirrorFailure {
  switch (status) {
    case 404: {
      const what = url.includes("/blobs/") ? "blob" : "image";
      return { fault: { code: "missing", what }, missing: true };
    }
    case 401:
      return { fault: { code: "login" }, pause: FOR_GOOD_MS };
    case 403:
      return { fault: { code: "forbidden" }, pause: FOR_GOOD_MS };
    case 429:
      return {
        fault: { code: "rate-limit" },
        pause: retryAfter ?? RATE_PAUSE_MS,
      };
    default:
      return { fault: { code: "status", status } };
  }
}
