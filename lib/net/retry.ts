/** When a request is worth another try, and how long to wait before it. */

import {
  ContentMismatchError,
  DockerPullError,
  NetworkError,
  RegistryError,
} from "../image/errors.ts";
import type { Retry, RetryCode } from "../image/events.ts";
import { saysPullLimit } from "./registry_words.ts";
import { describeFailure } from "./network_error.ts";

const RETRIED_STATUSES = new Set([
  408,
  425,
  429,
  499,
  500,
  502,
  503,
  504,
  522,
]);
const FIRST_DELAY_MS = 2_000;
const LAST_DELAY_MS = 60_000;

/**
 * Whether another try may go better.
 *
 * A connection that is refused or a name that cannot be found is an error of
 * the user's at first, and a passing fault once the host has answered.
 *
 * @param error What the last try threw, of this library or of the runtime.
 * @param midway Whether the host has answered before.
 * @returns True for statuses such as 429 and 503 and for dropped connections.
 */
export function isRetryable(error: unknown, midway = false): boolean {
  if (error instanceof RegistryError) {
    if (!RETRIED_STATUSES.has(error.status)) return false;
    // Docker Hub's limit is over in hours, and it does not say when.
    return error.status !== 429 || error.retryAfter !== undefined ||
      !saysPullLimit(error);
  }
  if (error instanceof NetworkError) return retryableKind(error.kind, midway);
  // What a runtime throws while a body is read.
  return error instanceof Error && !(error instanceof DockerPullError) &&
    error.name !== "AbortError" &&
    retryableKind(describeFailure(error).kind, midway);
}

function retryableKind(kind: NetworkError["kind"], midway: boolean): boolean {
  return kind === "reset" || kind === "truncated" || kind === "timeout" ||
    kind === "slow" || (midway && (kind === "refused" || kind === "dns"));
}

/**
 * How long to wait before the next try.
 *
 * @param error What the last try threw: what the server asks for counts.
 * @param attempt How many tries have failed since the last progress, from 1.
 * @param random A number from 0 up to 1, by which clients drift apart.
 * @returns Milliseconds: as told by Retry-After, else 2 s doubling to 60 s,
 * less up to a half.
 */
export function retryDelay(
  error: unknown,
  attempt: number,
  random: number = Math.random(),
): number {
  if (error instanceof RegistryError && error.retryAfter !== undefined) {
    return error.retryAfter;
  }
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LAST_DELAY_MS);
  return Math.round(delay * (1 - random / 2));
}

/**
 * What is told of another try.
 *
 * @param error What the last try threw.
 * @param facts The number of the try, and the wait before it; the address
 * where the error names none, and the code where the error does not tell.
 * @returns The event.
 */
export function retryEvent(
  error: unknown,
  { url, code, ...numbers }:
    & Pick<Retry, "attempt" | "of" | "delay">
    & Partial<Pick<Retry, "url" | "code">>,
): Retry {
  const failed = error instanceof RegistryError ? error : undefined;
  const known = failed ?? (error instanceof NetworkError ? error : undefined);
  const place = known?.url ?? url ?? "";
  return {
    type: "retry",
    url: url ?? place,
    host: hostOf(place),
    code: code ?? codeOf(error),
    status: failed?.status,
    error: error instanceof Error ? error : new Error(String(error)),
    ...numbers,
  };
}

/** The host in an error's address, which may be no more than a host. */
function hostOf(place: string): string | undefined {
  const whole = /^https?:/i.test(place) ? place : `https://${place}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  return url?.host;
}

function codeOf(error: unknown): RetryCode {
  if (error instanceof RegistryError) return "status";
  if (error instanceof ContentMismatchError) return "content";
  return error instanceof NetworkError
    ? error.kind
    : describeFailure(error).kind;
}

/**
 * Reads a `Retry-After` header.
 *
 * @param value The header's value: seconds, or a date as HTTP writes it.
 * @param now The time, in milliseconds since 1970.
 * @returns Milliseconds to wait, never less than 0; nothing where the header
 * is missing or malformed.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3}
 */
export function parseRetryAfter(
  value: string | null,
  now: number,
): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w :-]{15,30}$/.test(text)) {
    return undefined;
  }
  const time = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}
