/**
 * Deno, Bun and Node each have words of their own for a connection that
 * fails. Here they become one {@linkcode NetworkError}.
 */

import {
  DockerPullError,
  NetworkError,
  type NetworkErrorKind,
  type NetworkErrorReason,
} from "../image/errors.ts";
import { redactText, redactUrl } from "../redact/address.ts";
import { cleanText } from "../redact/clean.ts";

/** What a failure is, with half a sentence for the user. */
export interface Failure {
  /** Its kind. */
  kind: NetworkErrorKind;
  /** Such as `the certificate has expired`. */
  words: string;
  /** What exactly it is, where that is known. */
  reason?: NetworkErrorReason;
}

/** Searched from the top in the codes and messages of an error and its causes. */
const FAILURES: [
  pattern: RegExp,
  kind: NetworkErrorKind,
  words: string,
  reason?: NetworkErrorReason,
][] = [
  [
    /ERR_PROXY_TUNNEL|proxy authentication required|unsuccessful tunnel/i,
    "proxy",
    "the proxy refuses the connection",
  ],
  [
    /\bENOTFOUND\b|\bENODATA\b|dns error|failed to lookup|getaddrinfo ENO/i,
    "dns",
    "the host is unknown",
  ],
  [/\bEAI_AGAIN\b/, "dns", "the host's name cannot be looked up now"],
  [/ECONNREFUSED|connection ?refused/i, "refused", "the connection is refused"],
  [
    // Closed in the midst of TLS, which is no fault of TLS.
    /without sending TLS close_notify|handshake eof|before secure TLS connection|ERR_SOCKET_CLOSED/i,
    "reset",
    "the connection broke off",
  ],
  [
    /CERT_HAS_EXPIRED|certificate:? (?:has )?expired/i,
    "tls",
    "the certificate has expired",
    "expired",
  ],
  [
    /CERT_NOT_YET_VALID|not ?valid ?yet|not yet valid/i,
    "tls",
    "the certificate is not valid yet, or this machine's clock is wrong",
    "not-yet-valid",
  ],
  [
    /ALTNAME_INVALID|not valid for name|NotValidForName/i,
    "tls",
    "the certificate is for another host",
    "other-host",
  ],
  [
    /DEPTH_ZERO_SELF_SIGNED|CaUsedAsEndEntity/i,
    "tls",
    "the certificate is self-signed",
    "self-signed",
  ],
  [
    /UnknownIssuer|UNABLE_TO_(?:VERIFY|GET_ISSUER)|SELF_SIGNED_CERT_IN_CHAIN/i,
    "tls",
    "the certificate's issuer is unknown",
    "unknown-authority",
  ],
  [/CERT_REVOKED|\bRevoked\b/i, "tls", "the certificate is revoked", "revoked"],
  [
    /CERTIFICATE_?REQUIRED/i,
    "tls",
    "the server wants a client certificate",
    "client-certificate",
  ],
  [
    // Before TLS 1.3, this is also what a server says that was shown none.
    /BAD_?CERTIFICATE|ALERT_UNKNOWN_CA|alert: UnknownCA/i,
    "tls",
    "the server wants a client certificate, or another one",
    "client-certificate-refused",
  ],
  [
    /WRONG.VERSION.NUMBER|InvalidContentType|packet length too long/i,
    "tls",
    "the server does not speak TLS on this port",
    "no-tls",
  ],
  [
    /invalid peer certificate|CERT_|unsupported certificate/i,
    "tls",
    "the certificate is not valid",
    "bad-certificate",
  ],
  [
    /fatal alert|_ALERT_|\balert number\b/i,
    "tls",
    "the server broke off the TLS handshake",
    "handshake-refused",
  ],
  [
    /\bEPROTO\b|ERR_SSL|ERR_TLS|handshake|\btls\b/i,
    "tls",
    "the TLS handshake failed",
    "handshake",
  ],
  [
    /ETIMEDOUT|TIMEOUT|timed ?out|operation was aborted due to/i,
    "timeout",
    "no answer in time",
  ],
  [
    /reading a body|terminated|before the end|premature|unexpected ?(?:end|eof)|\baborted\b|end of file before message/i,
    "truncated",
    "the connection broke off",
  ],
  [
    /ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET|closed before message|hang up|connection (?:was )?(?:closed|reset)|connection ?reset|broken ?pipe|other side closed|http2 error/i,
    "reset",
    "the connection broke off",
  ],
  [
    /ENETUNREACH|EHOSTUNREACH|unreachable|EADDRNOTAVAIL/i,
    "other",
    "the network does not lead there",
  ],
  [
    /HPE_|invalid HTTP|parse error|ParseError|Malformed_?HTTP|InvalidHTTP/i,
    "other",
    "the server does not speak HTTP",
    "no-http",
  ],
];

/**
 * Finds out what a runtime means.
 *
 * @param error What was thrown.
 * @returns Its kind and half a sentence.
 */
export function describeFailure(error: unknown): Failure {
  const words = wordsOf(error);
  // Deno writes the address into its messages, whose host may be any word.
  const text = words.join("\n").replace(/https?:\/\/[^\s"'()]*/gi, "");
  for (const [pattern, kind, words, reason] of FAILURES) {
    if (pattern.test(text)) return { kind, words, reason };
  }
  return {
    kind: "other",
    words: plainText(words.at(-1) ?? "") || "unknown failure",
  };
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
  const { kind, words, reason } = describeFailure(error);
  // Of a body that makes no sense from some byte on, the bytes before count.
  const broken = reading && (kind === "reset" || reason === "no-http");
  return new NetworkError(
    redactUrl(url),
    broken ? "truncated" : kind,
    words,
    { cause: redactError(error), reason },
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
