/** Keys that are trusted, and what they have signed. */

import {
  constants,
  createHash,
  createPublicKey,
  type KeyObject,
  verify,
  X509Certificate,
} from "node:crypto";
import { SignatureError } from "../image/errors.ts";

/** The digest that goes with each of the curves, as cosign has it. */
const OF_CURVE: Readonly<Record<string, string>> = {
  prime256v1: "sha256",
  secp384r1: "sha384",
  secp521r1: "sha512",
};
/** A key of RSA with fewer bits is no proof of anything. */
const MIN_RSA_BITS = 2048;
/** A file of keys has no more bytes than that. */
const MAX_KEY_CHARS = 100_000;

/** A public key that is trusted. */
export interface TrustedKey {
  /** The key. */
  readonly key: KeyObject;
  /** The digest of the key itself, in base64, as bundles name it. */
  readonly hint: string;
  /** The same as people compare it: `SHA256:` and 64 hex digits. */
  readonly fingerprint: string;
}

/** The keys of some PEM: public keys, or those of certificates. */
export function readKeys(pem: string, path: string): TrustedKey[] {
  const blocks = pem.length > MAX_KEY_CHARS ? [] : pem.match(
    /-----BEGIN (PUBLIC KEY|CERTIFICATE|RSA PUBLIC KEY)-----[^-]+-----END \1-----/g,
  ) ?? [];
  if (blocks.length === 0) throw new SignatureError(path, bad(path));
  return blocks.map((block) => {
    let key: KeyObject;
    try {
      key = /^-----BEGIN CERTIFICATE/.test(block)
        ? new X509Certificate(block).publicKey
        : createPublicKey(block);
    } catch (cause) {
      throw new SignatureError(path, bad(path), [], { cause });
    }
    if (!isStrong(key)) {
      throw new SignatureError(path, { code: "weak-key" });
    }
    return trustedKey(key);
  });
}

function bad(path: string) {
  return { code: "bad-key", path } as const;
}

/** A key with what it is known by. */
export function trustedKey(key: KeyObject): TrustedKey {
  const der = key.export({ format: "der", type: "spki" });
  const digest = createHash("sha256").update(der).digest();
  return {
    key,
    hint: digest.toString("base64"),
    fingerprint: `SHA256:${digest.toString("hex")}`,
  };
}

/** Whether a key is one of those that are known here, and strong enough. */
export function isStrong(key: KeyObject): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  switch (type) {
    case "ed25519":
      return true;
    case "ec":
      return details?.namedCurve !== undefined &&
        Object.hasOwn(OF_CURVE, details.namedCurve);
    case "rsa":
    case "rsa-pss":
      return rsaBits(key) >= MIN_RSA_BITS;
    default:
      return false;
  }
}

/** How many bits the modulus has. */
export function rsaBits(key: KeyObject): number {
  const known = key.asymmetricKeyDetails?.modulusLength;
  if (known !== undefined) return known;
  const { n = "" } = key.export({ format: "jwk" });
  return Buffer.from(n, "base64url").length * 8;
}

/**
 * Whether a key has signed some bytes, in one of the ways that cosign has: the
 * digest that goes with the key, or SHA-256; RSA with PKCS #1 v1.5 or PSS;
 * Ed25519 of the bytes or of their digest.
 *
 * @param signature As DER where it is one of ECDSA.
 */
export async function hasSigned(
  { key }: TrustedKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  try {
    if (type === "ed25519") {
      return verify(null, bytes, key, signature) ||
        await hasSignedDigest(key, bytes, signature);
    }
    if (type === "ec") {
      const own = OF_CURVE[details?.namedCurve ?? ""];
      if (own === undefined) return false;
      return [...new Set([own, "sha256"])].some((digest) =>
        verify(digest, bytes, key, signature)
      );
    }
    const pss = {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_AUTO,
    };
    return type === "rsa" && verify("sha256", bytes, key, signature) ||
      (type === "rsa" || type === "rsa-pss") &&
        verify("sha256", bytes, pss, signature);
  } catch {
    // What is no signature at all is an error to OpenSSL.
    return false;
  }
}

/** Ed25519ph, which cosign takes and OpenSSL lacks in Node. */
async function hasSignedDigest(
  key: KeyObject,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { ed25519ph } = await import("@noble/curves/ed25519.js");
  const raw = key.export({ format: "der", type: "spki" }).subarray(-32);
  return ed25519ph.verify(signature, bytes, new Uint8Array(raw));
}
