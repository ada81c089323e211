/** What the command's exit codes mean. */

/** The exit codes by name. */
export const EXIT = {
  ok: 0,
  other: 1,
  usage: 2,
  authentication: 3,
  forbidden: 4,
  notFound: 5,
  rateLimited: 6,
  platform: 7,
  network: 8,
  mismatch: 9,
  disk: 10,
  noImage: 11,
  tooMuch: 12,
  signature: 13,
  lacking: 14,
  hangup: 129,
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const;

/** One of the exit codes. */
export type ExitCode = typeof EXIT[keyof typeof EXIT];

/**
 * Of several failures, the exit code is that of the gravest: what may be an
 * attack or a broken disk first, what passes by itself last.
 */
const SEVERITY: readonly ExitCode[] = [
  EXIT.signature,
  EXIT.mismatch,
  EXIT.disk,
  EXIT.usage,
  EXIT.tooMuch,
  EXIT.authentication,
  EXIT.forbidden,
  EXIT.notFound,
  EXIT.platform,
  EXIT.noImage,
  EXIT.lacking,
  EXIT.rateLimited,
  EXIT.network,
  EXIT.other,
];

/** The exit code of several failures. */
export function gravest(codes: readonly ExitCode[]): ExitCode {
  return SEVERITY.find((code) => codes.includes(code)) ?? codes[0] ?? EXIT.ok;
}

/** Every exit code and its meaning, as the help shows them. */
export const EXIT_CODES: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, "all is well: the file is there, and verified"],
  [EXIT.other, "any other error, or a fault that verify has found"],
  [EXIT.usage, "the command line or the configuration file makes no sense"],
  [EXIT.authentication, "the registry wants a login or refuses it (401)"],
  [EXIT.forbidden, "the registry forbids it (403)"],
  [EXIT.notFound, "no such image, tag or digest (404)"],
  [EXIT.rateLimited, "too many pulls (429)"],
  [EXIT.platform, "the image is not made for that platform"],
  [EXIT.network, "network, timeout, or a fault of the server"],
  [EXIT.mismatch, "the content does not match its digest or size"],
  [EXIT.disk, "a file or folder cannot be read or written"],
  [EXIT.noImage, "it is a chart, a signature or the like, and no image"],
  [EXIT.tooMuch, "more would be fetched than --max-bytes allows"],
  [EXIT.signature, "it is not signed by whom it has to be"],
  [EXIT.lacking, "layers that a delta leaves out are not where it goes"],
  [EXIT.brokenPipe, "the reader of the archive on standard output went away"],
  [EXIT.interrupted, "stopped by SIGINT (129 by SIGHUP, 143 by SIGTERM)"],
];
