/** Certificates of those who sign: what they may, for how long, and by whom. */

import { type KeyObject, X509Certificate } from "node:crypto";
import { SignatureError } from "../image/errors.ts";
import { factsOf, weakSignature } from "./certificate_facts.ts";
import { isStrong } from "./keys.ts";
import { Refusal, shown } from "./reading.ts";

/** No chain is longer. */
const MAX_CHAIN = 10;

/** The certificates of some PEM. */
export function readCertificates(pem: string, path: string): X509Certificate[] {
  const blocks = pem.match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
  ) ?? [];
  if (blocks.length === 0) {
    throw new SignatureError(path, { code: "bad-key", path });
  }
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new SignatureError(path, { code: "bad-key", path }, [], { cause });
    }
  });
}

/**
 * Holds a chain, leaf first, against certificates that are trusted.
 *
 * @throws {Refusal} With what is wrong with it.
 */
export function checkChain(
  chain: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  now: number,
): void {
  const [leaf, ...authorities] = chain;
  if (!leaf || chain.length > MAX_CHAIN) {
    throw new Refusal({ code: "malformed", part: "x5c" });
  }
  const facts = chain.map((each) => factsOf(new Uint8Array(each.raw)));
  for (const { strange: [name] } of facts) {
    if (name !== undefined) throw new Refusal({ code: "critical", name });
  }
  const [own, ...above] = facts;
  const mayIssue = authorities.every(({ ca }, i) =>
    ca && above[i]!.mayIssue && above[i]!.below >= i
  );
  if (!mayIssue || leaf.ca || !own!.maySign) {
    throw new Refusal({ code: "certificate-usage" });
  }
  chain.forEach((certificate, i) => {
    if (!isStrong(keyOf(certificate))) {
      throw new Refusal({ code: "weak-key" });
    }
    const issuer = chain[i + 1] ?? certificate;
    // The last is its own issuer, or somebody's that is trusted.
    const last = issuer === certificate;
    if (last && isAmong(certificate, trusted)) return;
    if (!isIssued(certificate, issuer)) {
      throw new Refusal({ code: "untrusted" });
    }
    // By its own signature, nobody is trusted.
    const algorithm = last
      ? undefined
      : weakSignature(new Uint8Array(certificate.raw));
    if (algorithm) throw new Refusal({ code: "algorithm", algorithm });
  });
  if (!chain.some((each) => isAmong(each, trusted))) {
    throw new Refusal({ code: "untrusted" });
  }
  for (const { validFrom, validTo } of chain) {
    if (!(now >= Date.parse(validFrom))) {
      throw new Refusal({ code: "not-yet-valid", at: timeText(validFrom) });
    }
    if (!(now <= Date.parse(validTo))) {
      throw new Refusal({ code: "expired", at: timeText(validTo) });
    }
  }
}

/** A time as of RFC 3339; what is none is shown as it is. */
function timeText(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? shown(text) : new Date(time).toISOString();
}

/**
 * The key of a certificate.
 *
 * @throws {Refusal} If it is none that is known here.
 */
export function keyOf(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey;
  } catch (cause) {
    throw new Refusal({ code: "weak-key" }, { cause });
  }
}

function isIssued(
  certificate: X509Certificate,
  issuer: X509Certificate,
): boolean {
  const key = keyOf(issuer);
  try {
    return certificate.checkIssued(issuer) && certificate.verify(key);
  } catch {
    // What is no signature at all is an error to OpenSSL.
    return false;
  }
}

function isAmong(
  certificate: X509Certificate,
  trusted: readonly X509Certificate[],
): boolean {
  return trusted.some(({ fingerprint256 }) =>
    fingerprint256 === certificate.fingerprint256
  );
}
