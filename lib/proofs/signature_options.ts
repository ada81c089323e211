/** Whom to believe, as a caller says it. */

import { CALL, LIST, type Rules, TEXT } from "../image/options.ts";
import { readCertificates } from "./certificates.ts";
import { readKeys } from "./keys.ts";
import type { Trust } from "./trust.ts";

/** A text of a file, and its path for errors. */
export interface NamedText {
  /** Where it is from. */
  path: string;
  /** What it says. */
  text: string;
}

/** Whom to believe that an image is what it should be. */
export interface SignatureTrust {
  /** Public keys in PEM, of which one has to have signed. */
  keys?: readonly NamedText[];
  /**
   * The `trusted_root.json` of Sigstore; then `certificateIdentity` and
   * `certificateIssuer` have to be said, too.
   */
  trustedRoot?: NamedText;
  /** Whom a certificate has to name, exactly: a mail address or a URL. */
  certificateIdentity?: string;
  /** Who has to have vouched for that: the URL of an OpenID provider. */
  certificateIssuer?: string;
  /** Certificates in PEM, which those of notation have to lead to. */
  notationCertificates?: readonly NamedText[];
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
}

/** What those options may be. */
export const TRUST_RULES: Rules<SignatureTrust> = {
  keys: LIST,
  trustedRoot: (value) =>
    typeof value === "object" && value !== null
      ? undefined
      : { wanted: "an object", type: true },
  certificateIdentity: TEXT,
  certificateIssuer: TEXT,
  notationCertificates: LIST,
  now: CALL,
};

/**
 * Reads keys and certificates.
 *
 * @throws {TypeError} If nobody is to be believed, or half is said.
 * @throws {SignatureError} If one of them cannot be read.
 */
export function readTrust(options: SignatureTrust): Trust {
  const { keys = [], trustedRoot, notationCertificates } = options;
  const { certificateIdentity: identity, certificateIssuer: issuer } = options;
  const { now = Date.now } = options;
  if (keys.length === 0 && !trustedRoot && !notationCertificates?.length) {
    throw new TypeError(
      "Cannot verify signatures: there are no keys, roots or certificates",
    );
  }
  const halves = [trustedRoot, identity, issuer].filter((each) =>
    each !== undefined && each !== ""
  );
  if (halves.length !== 0 && halves.length !== 3) {
    throw new TypeError(
      "Cannot verify signatures: trustedRoot, certificateIdentity and " +
        "certificateIssuer belong together",
    );
  }
  return {
    keys: keys.flatMap(({ text, path }) => readKeys(text, path)),
    root: trustedRoot && {
      root: trustedRoot.text,
      path: trustedRoot.path,
      identity: identity!,
      issuer: issuer!,
    },
    store: notationCertificates?.length
      ? notationCertificates.flatMap(({ text, path }) =>
        readCertificates(text, path)
      )
      : undefined,
    now: now(),
  };
}
