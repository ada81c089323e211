/**
 * Deno, Bun and Node each have words of their own for a connection that
 * fails. Here they become one {@linkcode NetworkError}.
 */

import {
  DockerPullError,
  NetworkError,
  type NetworkErrorKind,
} from "../image/errors.ts";
import type { NetworkProblem, PlainNetworkCode } from "../image/problems.ts";
import { redactText, redactUrl } from "../redact/address.ts";
import { cleanText } from "../redact/clean.ts";

/** What a failure is. */
export interface Failure {
  /** Its kind. */
  kind: NetworkErrorKind;
  /** What exactly it is. */
  problem: NetworkProblem;
}

/** Searched from the top in the codes and messages of an error and its causes. */
const FAILURES: [
  pattern: RegExp,
  kind: NetworkErrorKind,
  code: PlainNetworkCode,
][] = [
  [
    /ERR_PROXY_TUNNEL|proxy authentication required|unsuccessful tunnel/i,
    "proxy",
    "proxy",
  ],
  [
    /\bENOTFOUND\b|\bENODATA\b|dns error|failed to lookup|getaddrinfo ENO/i,
    "dns",
    "dns",
  ],
  [/\bEAI_AGAIN\b/, "dns", "lookup"],
  [/ECONNREFUSED|connection ?refused/i, "refused", "refused"],
  [
    // Closed in the midst of TLS, which is no fault of TLS.
    /without sending TLS close_notify|handshake eof|before secure TLS connection|ERR_SOCKET_CLOSED/i,
    "reset",
    "reset",
  ],
  [
    /CERT_HAS_EXPIRED|certificate:? (?:has )?expired/i,
    "tls",
    "expired",
  ],
  [
    /CERT_NOT_YET_VALID|not ?valid ?yet|not yet valid/i,
    "tls",
    "not-yet-valid",
  ],
  [
    /ALTNAME_INVALID|not valid for name|NotValidForName/i,
    "tls",
    "other-host",
  ],
  [
    /DEPTH_ZERO_SELF_SIGNED|CaUsedAsEndEntity/i,
    "tls",
    "self-signed",
  ],
  [
    /UnknownIssuer|UNABLE_TO_(?:VERIFY|GET_ISSUER)|SELF_SIGNED_CERT_IN_CHAIN/i,
    "tls",
    "unknown-authority",
  ],
  [/CERT_REVOKED|\bRevoked\b/i, "tls", "revoked"],
  [
    /CERTIFICATE_?REQUIRED/i,
    "tls",
    "client-certificate",
  ],
  [
    // Before TLS 1.3, this is also what a server says that was shown none.
    /BAD_?CERTIFICATE|ALERT_UNKNOWN_CA|alert: UnknownCA/i,
    "tls",
    "client-certificate-refused",
  ],
  [
    /WRONG.VERSION.NUMBER|InvalidContentType|packet length too long/i,
    "tls",
    "no-tls",
  ],
  [
    /invalid peer certificate|CERT_|unsupported certificate/i,
    "tls",
    "bad-certificate",
  ],
  [
    /fatal alert|_ALERT_|\balert number\b/i,
    "tls",
    "handshake-refused",
  ],
  [
    /\bEPROTO\b|ERR_SSL|ERR_TLS|handshake|\btls\b/i,
    "tls",
    "handshake",
  ],
  [
    /ETIMEDOUT|TIMEOUT|timed ?out|operation was aborted due to/i,
    "timeout",
    "timeout",
  ],
  [
    /reading a body|terminated|before the end|premature|unexpected ?(?:end|eof)|\baborted\b|end of file before message/i,
    "truncated",
    "truncated",
  ],
  [
    /ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|closed before message|hang up|connection (?:was )?(?:closed|reset)|connection ?reset|broken ?pipe|other side closed|http2 error/i,
    "reset",
    "reset",
  ],
  [
    /ENETUNREACH|EHOSTUNREACH|unreachable|EADDRNOTAVAIL/i,
    "other",
    "unreachable",
  ],
  [
    /HPE_|invalid HTTP|parse error|ParseError|Malformed_?HTTP|InvalidHTTP/i,
    "other",
    "no-http",
  ],
];

/**
 * Finds out what a runtime means.
 *
 * @param error What was thrown.
 * @returns Its kind, and what it is.
 */
export function describeFailure(error: unknown): Failure {
  const words = wordsOf(error);
  // Deno writes the address into its messages, whose host may be any word.
  const text = words.join("\n").replace(/https?:\/\/[^\s"'()]*/gi, "");
  for (const [pattern, kind, code] of FAILURES) {
    if (pattern.test(text)) return { kind, problem: { code } };
  }
  const last = plainText(words.at(-1) ?? "") || undefined;
  return { kind: "other", problem: { code: "other", words: last } };
}

/**
 * The error to throw for what `fetch` or the reading of a body threw.
 *
 * @param error What was thrown.
 * @param url The address that was asked; it is redacted here.
 * @param signal The caller's signal: once aborted, its reason is the error.
 * @param reading Whether it was thrown while a body was read.
 * @returns A {@linkcode NetworkError}; or the signal's reason; or the error
 * itself where it is one of this library's.
 */
export function toNetworkError(
  error: unknown,
  url: string,
  signal?: AbortSignal | null,
  reading = false,
): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof DockerPullError) return error;
  const { kind, problem } = describeFailure(error);
  // Of a body that makes no sense from some byte on, the bytes before count.
  const broken = reading &&
    (kind === "reset" || problem.code === "no-http");
  return new NetworkError(
    redactUrl(url),
    broken ? "truncated" : kind,
    problem,
    { cause: redactError(error) },
  );
}

/** The codes and messages of an error and its causes, outermost first. */
function wordsOf(error: unknown): string[] {
  const words: string[] = [];
  const queue: unknown[] = [error];
  for (let i = 0; i < queue.length && i < 8; i++) {
    const each = queue[i];
    if (!(each instanceof Error)) {
      if (typeof each === "string") words.push(each);
      continue;
    }
    const { code } = each as { code?: unknown };
    words.push(
      [typeof code === "string" ? code : "", each.name, each.message].join(" ")
        .trim(),
    );
    queue.push(each.cause);
    if (each instanceof AggregateError) queue.push(...each.errors);
  }
  return words;
}

/** A runtime writes whole addresses into its messages, signatures included. */
function plainText(text: string): string {
  return cleanText(redactText(text.slice(0, 4000)), 1000);
}

function redactError(error: unknown): Error {
  const copy = new Error(wordsOf(error).map(plainText).join(": "));
  if (error instanceof Error) copy.name = error.name;
  return copy;
}
