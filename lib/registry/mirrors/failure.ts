/** What the failure of a mirror means for the requests that follow. */

import {
  ContentMismatchError,
  DockerPullError,
  InvalidDigestError,
  InvalidReferenceError,
  NetworkError,
  RegistryError,
} from "../../image/errors.ts";
import { cleanText } from "../../redact/clean.ts";

/** A failure, judged. */
export interface MirrorFailure {
  /** Its kind, so that each is told of once. */
  kind: string;
  /** What went wrong, as half a sentence with the mirror as its subject. */
  reason: string;
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
export const FOR_GOOD = 3_600_000;
const RATE_PAUSE = 60_000;

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
    const host = URL.canParse(error.url) ? new URL(error.url).host : error.url;
    return {
      kind: "network",
      reason: `cannot be used: ${cleanText(`${host}: ${error.words}`, 200)}`,
    };
  }
  if (error instanceof RegistryError) return judgeStatus(error);
  return {
    kind: "nonsense",
    reason: `cannot be used: ${cleanText(error.message, 200)}`,
    pause: FOR_GOOD,
  };
}

/**
 * The judgement of one who has sent wrong bytes.
 *
 * @param digest The digest that they do not have.
 * @returns The judgement.
 */
export function wrongBytes(digest: string): MirrorFailure {
  return {
    kind: "wrong",
    reason: `sends wrong bytes of ${digest.slice(0, 19)}…`,
    pause: FOR_GOOD,
    wrong: true,
  };
}

function judgeStatus(
  { status, retryAfter, url }: RegistryError,
): MirrorFailure {
  switch (status) {
    case 404:
      return {
        kind: "missing",
        reason: url.includes("/blobs/")
          ? "lacks a part of the image"
          : "does not hold the image",
        missing: true,
      };
    case 401:
      return { kind: "login", reason: "wants a login", pause: FOR_GOOD };
    case 403:
      return { kind: "login", reason: "forbids it", pause: FOR_GOOD };
    case 429:
      return {
        kind: "limit",
        reason: "allows no more pulls for now",
        pause: retryAfter ?? RATE_PAUSE,
      };
    default:
      return { kind: "status", reason: `answers HTTP ${status}` };
  }
}
