/**
 * Notation's signatures as JWS.
 *
 * @see {@link https://github.com/notaryproject/specifications/blob/v1.1.0/specs/signature-envelope-jws.md}
 */

import {
  constants,
  type KeyObject,
  verify,
  type VerifyKeyObjectInput,
  X509Certificate,
} from "node:crypto";
import type { Shape } from "../image/strict_json.ts";
import type { Descriptor } from "../image/types.ts";
import { checkChain, keyOf } from "./certificates.ts";
import { rsaBits, trustedKey } from "./keys.ts";
import {
  base64Of,
  listOf,
  objectOf,
  readJson,
  Refusal,
  shown,
  textOf,
} from "./reading.ts";
import type { Evidence, Trust } from "./trust.ts";

/** What such a signature is called, and the one of its forms that is read. */
export const NOTATION = "application/vnd.cncf.notary.signature";
export const JOSE = "application/jose+json";
const PAYLOAD = "application/vnd.cncf.notary.payload.v1+json";

const SCHEME = "io.cncf.notary.signingScheme";
const EXPIRY = "io.cncf.notary.expiry";
/** What is understood of that which has to be. */
const CRITICAL = [SCHEME, EXPIRY];
/** Only what is signed may say these. */
const PROTECTED = ["alg", "cty", "crit", SCHEME, EXPIRY];
/** The digest of each algorithm, and what the key has to be. */
const ALGORITHMS: Readonly<Record<string, { hash: string; key: string }>> = {
  PS256: { hash: "sha256", key: "rsa 2048" },
  PS384: { hash: "sha384", key: "rsa 3072" },
  PS512: { hash: "sha512", key: "rsa 4096" },
  ES256: { hash: "sha256", key: "ec prime256v1" },
  ES384: { hash: "sha384", key: "ec secp384r1" },
  ES512: { hash: "sha512", key: "ec secp521r1" },
};

const ENVELOPE: Shape = {
  members: {
    payload: "text",
    protected: "text",
    signature: "text",
    header: { members: { x5c: "text" } },
  },
};
const HEADER: Shape = {
  members: {
    alg: "text",
    cty: "text",
    crit: "text",
    [SCHEME]: "text",
    [EXPIRY]: "text",
  },
};
const TARGET: Shape = {
  members: {
    targetArtifact: {
      members: { mediaType: "text", digest: "text", size: "integer" },
    },
  },
};

/**
 * Verifies such a signature.
 *
 * @param bytes The envelope.
 * @param subject What it is to have signed.
 * @throws {Refusal} With why it does not count.
 */
export function verifyNotation(
  bytes: Uint8Array,
  subject: Descriptor,
  { store, now }: Trust,
): Evidence {
  if (!store) throw new Refusal({ code: "no-trust" });
  const envelope = readJson(bytes, ENVELOPE, "envelope");
  const header = objectOf(envelope.header, "header");
  const unsigned = PROTECTED.find((name) => header[name] !== undefined);
  if (unsigned) {
    throw new Refusal({ code: "annotation-differs", name: unsigned });
  }
  const head = textOf(envelope.protected, "protected");
  const body = textOf(envelope.payload, "payload");
  const said = readJson(base64Of(head, "protected"), HEADER, "protected");
  const algorithm = ALGORITHMS[shown(said.alg)];
  if (!algorithm || !Object.hasOwn(ALGORITHMS, shown(said.alg))) {
    throw new Refusal({ code: "algorithm", algorithm: shown(said.alg) });
  }
  if (said.cty !== PAYLOAD) {
    throw new Refusal({ code: "payload-type", type: shown(said.cty) });
  }
  checkCritical(listOf(said.crit, "crit"), said);
  const chain = listOf(header.x5c, "x5c").map(readCertificate);
  const [leaf] = chain;
  if (!leaf) throw new Refusal({ code: "malformed", part: "x5c" });
  const publicKey = keyOf(leaf);
  if (keyText(publicKey) !== algorithm.key) {
    throw new Refusal({ code: "algorithm", algorithm: shown(said.alg) });
  }
  const isEc = algorithm.key.startsWith("ec");
  const isSigned = isSignature(
    algorithm.hash,
    new TextEncoder().encode(`${head}.${body}`),
    isEc ? { key: publicKey, dsaEncoding: "ieee-p1363" } : {
      key: publicKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    },
    base64Of(envelope.signature, "signature"),
  );
  if (!isSigned) throw new Refusal({ code: "bad-signature" });
  checkChain(chain, store, now);
  checkExpiry(said[EXPIRY], now);
  checkTarget(base64Of(body, "payload"), subject);
  return {
    kind: "notation",
    signer: {
      // Some have none, which is known by the key alone.
      identity: leaf.subject?.split("\n").reverse().join(", ") || undefined,
      key: trustedKey(publicKey).fingerprint,
    },
    unchecked: ["revocation", "timestamp"],
  };
}

/** Whether bytes are signed; what is no signature at all may be an error. */
function isSignature(
  hash: string,
  bytes: Uint8Array,
  key: VerifyKeyObjectInput,
  signature: Uint8Array,
): boolean {
  try {
    return verify(hash, bytes, key, signature);
  } catch {
    return false;
  }
}

function readCertificate(value: unknown): X509Certificate {
  const bytes = base64Of(value, "x5c");
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw new Refusal({ code: "malformed", part: "x5c" }, { cause });
  }
}

/** A key as the algorithms have it. */
function keyText(publicKey: KeyObject): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === "ec") return `ec ${details?.namedCurve}`;
  return `${type} ${type === "rsa" ? rsaBits(publicKey) : ""}`;
}

/** Whether all is understood that has to be. */
function checkCritical(
  critical: readonly unknown[],
  said: Record<string, unknown>,
): void {
  for (const name of critical) {
    if (CRITICAL.includes(name as string) && said[name as string]) continue;
    throw new Refusal({ code: "critical", name: shown(name) });
  }
  const unlisted = CRITICAL.find((name) =>
    said[name] !== undefined && !critical.includes(name)
  );
  const missing = critical.includes(SCHEME) ? unlisted : SCHEME;
  if (missing) throw new Refusal({ code: "critical", name: missing });
  // A signing authority's own word on the time would have to be trusted apart.
  if (said[SCHEME] !== "notary.x509") {
    throw new Refusal({ code: "critical", name: shown(said[SCHEME]) });
  }
}

function checkExpiry(expiry: unknown, now: number): void {
  if (expiry === undefined) return;
  const at = textOf(expiry, "expiry");
  const time = new Date(at).getTime();
  if (Number.isNaN(time)) {
    throw new Refusal({ code: "malformed", part: "expiry" });
  }
  if (now >= time) throw new Refusal({ code: "signature-expired", at });
}

function checkTarget(payload: Uint8Array, subject: Descriptor): void {
  const { targetArtifact } = readJson(payload, TARGET, "payload");
  if (targetArtifact === undefined) throw new Refusal({ code: "no-subject" });
  const { digest, size, mediaType } = objectOf(targetArtifact, "payload");
  if (digest !== subject.digest) {
    throw new Refusal({ code: "other-digest", signed: shown(digest) });
  }
  if (size !== subject.size || mediaType !== subject.mediaType) {
    throw new Refusal({ code: "annotation-differs", name: "targetArtifact" });
  }
}
