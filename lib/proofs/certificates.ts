/** Certificates of those who sign: what they may, for how long, and by whom. */

import { X509Certificate } from "node:crypto";
import { SignatureError } from "../image/errors.ts";
import { isStrong } from "./keys.ts";
import { Refusal } from "./reading.ts";

/** No chain is longer. */
const MAX_CHAIN = 10;
/** The extensions that say what a key is for, in DER. */
const KEY_USAGE = "55 1d 0f";
const EXTENDED_USAGE = "55 1d 25";
/** To sign code; to sign times, and to do anything. */
const CODE_SIGNING = "2b 06 01 05 05 07 03 03";
const NOT_TO_SIGN = ["2b 06 01 05 05 07 03 08", "55 1d 25 00"];

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
  chain.forEach((certificate, i) => {
    if (!isStrong(certificate.publicKey)) {
      throw new Refusal({ code: "weak-key" });
    }
    const issuer = chain[i + 1] ?? certificate;
    // The last is its own issuer, or somebody's that is trusted.
    const last = issuer === certificate;
    if (last && isAmong(certificate, trusted)) return;
    if (
      !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)
    ) throw new Refusal({ code: "untrusted" });
  });
  if (!chain.some((each) => isAmong(each, trusted))) {
    throw new Refusal({ code: "untrusted" });
  }
  if (authorities.some(({ ca }) => !ca) || leaf.ca || !maySign(leaf)) {
    throw new Refusal({ code: "certificate-usage" });
  }
  for (const { validFrom, validTo } of chain) {
    const [from, to] = [new Date(validFrom), new Date(validTo)];
    if (!(now >= from.getTime())) {
      throw new Refusal({ code: "not-yet-valid", at: from.toISOString() });
    }
    if (!(now <= to.getTime())) {
      throw new Refusal({ code: "expired", at: to.toISOString() });
    }
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

/**
 * Whether it is one to sign with, by both of its extensions for that. They are
 * read here: what runtimes call the usage is one of them, or the other.
 */
function maySign(certificate: X509Certificate): boolean {
  const found = extensionsOf(new Uint8Array(certificate.raw));
  const [bits] = parts(found.get(KEY_USAGE));
  const usage = bits?.content[1] ?? 0;
  const [list] = parts(found.get(EXTENDED_USAGE));
  const extended = parts(list?.content).map(({ content }) => hexOf(content));
  return (usage & 0x80) !== 0 &&
    !extended.some((id) => NOT_TO_SIGN.includes(id)) &&
    (extended.length === 0 || extended.includes(CODE_SIGNING));
}

/** What each extension of a certificate says, by the identifier of that. */
function extensionsOf(der: Uint8Array): Map<string, Uint8Array> {
  const [certificate] = parts(der);
  const [body] = parts(certificate?.content);
  const wrapped = parts(body?.content).find(({ tag }) => tag === 0xa3);
  const [list] = parts(wrapped?.content);
  const found = new Map<string, Uint8Array>();
  for (const { content } of parts(list?.content)) {
    const [id, ...rest] = parts(content);
    const value = rest.at(-1);
    if (id && value) found.set(hexOf(id.content), value.content);
  }
  return found;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}

/** What DER is made of; what it has behind a broken part is not told. */
function parts(
  der: Uint8Array = new Uint8Array(),
): { tag: number; content: Uint8Array }[] {
  const found: { tag: number; content: Uint8Array }[] = [];
  for (let at = 0; at + 2 <= der.length;) {
    const tag = der[at++]!;
    let length = der[at++]!;
    if (length > 0x80) {
      const bytes = der.subarray(at, at + (length & 0x7f));
      at += bytes.length;
      if (bytes.length > 4) break;
      length = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    }
    if (at + length > der.length) break;
    found.push({ tag, content: der.subarray(at, at + length) });
    at += length;
  }
  return found;
}
