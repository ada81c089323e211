/** What is trusted, and what was found to be signed by that. */

import type { X509Certificate } from "node:crypto";
import type { TrustedKey } from "./keys.ts";

/** Whom to believe. */
export interface Trust {
  /** Keys that may have signed. */
  keys: readonly TrustedKey[];
  /** What certificates of Sigstore are held against, and whose they are to be. */
  root?: KeylessTrust;
  /** Certificates that those of notation lead to. */
  store?: readonly X509Certificate[];
  /** The time, in milliseconds since 1970. */
  now: number;
}

/** Whom Sigstore's certificates are to name. */
export interface KeylessTrust {
  /** The `trusted_root.json`, as it is. */
  root: string;
  /** Its path, for errors. */
  path: string;
  /** Whom the certificate is to name: a mail address or the URL of a workflow. */
  identity: string;
  /** Who is to have said so. */
  issuer: string;
}

/** What a signature was made as. */
export type SignatureKind = "cosign-bundle" | "cosign-signature" | "notation";

/** What was not looked at, as it cannot be without a network or a list. */
export type Unchecked =
  /** Whether a public log has the signature. */
  | "transparency-log"
  /** Whether a certificate was revoked since. */
  | "revocation"
  /** Whether a countersigned time is right. */
  | "timestamp"
  /** Which image's name it was made for: a policy asks, and it has none. */
  | "name";

/** Who has signed. */
export interface Signer {
  /** The fingerprint of the key: `SHA256:` and 64 hex digits. */
  key?: string;
  /** Whom a certificate names. */
  identity?: string;
  /** Who has said so. */
  issuer?: string;
}

/** A signature that counts. */
export interface Evidence {
  /** How it was made. */
  kind: SignatureKind;
  /** By whom. */
  signer: Signer;
  /** The image's name that was signed with it, if any was. */
  name?: string;
  /** What was not checked. */
  unchecked: readonly Unchecked[];
}
