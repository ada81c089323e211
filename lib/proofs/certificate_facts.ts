/**
 * What a certificate says of itself that runtimes do not tell, or each in
 * another way: it is read from the bytes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2}
 */

const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_USAGE = "2.5.29.37";
/** What is understood here, or is of no account for who signs. */
const KNOWN = [
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  EXTENDED_USAGE,
  "2.5.29.14", // the key's own identifier, and its issuer's
  "2.5.29.35",
  "2.5.29.17", // other names
  "2.5.29.31", // where it is told what was revoked
  "2.5.29.32", // policies
];
/** To sign code; to sign times, and to do anything. */
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
const NOT_TO_SIGN = ["1.3.6.1.5.5.7.3.8", "2.5.29.37.0"];
/** Bits of the usage: to sign, and to sign certificates. */
const SIGN = 0x80;
const SIGN_CERTIFICATES = 0x04;

/** With which a certificate may be signed. */
const STRONG = [
  "1.2.840.113549.1.1.11", // RSA with SHA-256, SHA-384 and SHA-512
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.2.840.10045.4.3.2", // ECDSA with the same
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.3.101.112", // Ed25519
];
/** RSA whose digest stands in its parameters, and is SHA-1 without any. */
const PSS = "1.2.840.113549.1.1.10";
const SHA_2 = /^2\.16\.840\.1\.101\.3\.4\.2\.[123]$/;

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** Whether it is one to sign with. */
  maySign: boolean;
  /** Whether it may sign certificates. */
  mayIssue: boolean;
  /** How many authorities may stand between it and who signs. */
  below: number;
  /** What has to be understood of it, and is not, by its identifier. */
  strange: string[];
}

/** Reads a certificate in DER. */
export function factsOf(der: Uint8Array): CertificateFacts {
  const found = extensionsOf(der);
  const [bits] = parts(found.get(KEY_USAGE)?.value);
  const usage = bits?.content[1] ?? 0;
  const [list] = parts(found.get(EXTENDED_USAGE)?.value);
  const extended = parts(list?.content).map(({ content }) => nameOf(content));
  const [constraints] = parts(found.get(BASIC_CONSTRAINTS)?.value);
  const most = parts(constraints?.content).find(({ tag }) => tag === 0x02);
  return {
    maySign: (usage & SIGN) !== 0 &&
      !extended.some((id) => NOT_TO_SIGN.includes(id)) &&
      (extended.length === 0 || extended.includes(CODE_SIGNING)),
    mayIssue: (usage & SIGN_CERTIFICATES) !== 0,
    below: most ? numberOf(most.content) : Infinity,
    strange: [...found].flatMap(([id, { critical }]) =>
      critical && !KNOWN.includes(id) ? [id] : []
    ),
  };
}

/** With what a certificate is signed, by its identifier, where that is weak. */
export function weakSignature(der: Uint8Array): string | undefined {
  const [certificate] = parts(der);
  const [, algorithm] = parts(certificate?.content);
  const [id, parameters] = parts(algorithm?.content);
  const name = nameOf(id?.content);
  if (STRONG.includes(name)) return undefined;
  // The digest is the first of the parameters, in a wrapping of its own.
  const [wrapped] = parts(parameters?.content);
  const [digest] = parts(wrapped?.tag === 0xa0 ? wrapped.content : undefined);
  const [hash] = parts(digest?.content);
  return name === PSS && SHA_2.test(nameOf(hash?.content)) ? undefined : name;
}

/** What each extension says, by its identifier. */
function extensionsOf(
  der: Uint8Array,
): Map<string, { value: Uint8Array; critical: boolean }> {
  const [certificate] = parts(der);
  const [body] = parts(certificate?.content);
  const wrapped = parts(body?.content).find(({ tag }) => tag === 0xa3);
  const [list] = parts(wrapped?.content);
  const found = new Map<string, { value: Uint8Array; critical: boolean }>();
  for (const { content } of parts(list?.content)) {
    const [id, ...rest] = parts(content);
    const value = rest.at(-1)?.content;
    if (!id || !value) continue;
    const critical = rest.length > 1 && rest[0]!.content[0] !== 0;
    found.set(nameOf(id.content), { value, critical });
  }
  return found;
}

/** An identifier as people write it. */
function nameOf(bytes: Uint8Array = new Uint8Array()): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of bytes) {
    number = number * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (numbers.length > 0) numbers.push(number);
    else numbers.push(Math.min(2, Math.floor(number / 40)), number % 40);
    number = 0;
  }
  return numbers.join(".");
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
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
      length = numberOf(bytes);
    }
    if (at + length > der.length) break;
    found.push({ tag, content: der.subarray(at, at + length) });
    at += length;
  }
  return found;
}
