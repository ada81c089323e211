/** Writes DER: certificates of any kind, those that nobody should issue too. */

import { createHash, type KeyObject, sign } from "node:crypto";

function tagged(tag: number, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return new Uint8Array(
    Buffer.concat([Uint8Array.from([tag, ...size]), content]),
  );
}

/** A sequence. */
export const sequence = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  tagged(0x30, ...parts);
/** A string of bytes. */
export const octets = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  tagged(0x04, ...parts);
/** A text. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> =>
  tagged(0x0c, Buffer.from(text));
/** Something by its number, as a whole or in place of something else. */
export const numbered = (
  number: number,
  isWhole: boolean,
  ...parts: Uint8Array[]
): Uint8Array<ArrayBuffer> =>
  tagged((isWhole ? 0xa0 : 0x80) + number, ...parts);

const integer = (...bytes: number[]) => tagged(0x02, Uint8Array.from(bytes));
const bits = (unused: number, bytes: Uint8Array) =>
  tagged(0x03, Uint8Array.from([unused]), bytes);
const truth = tagged(0x01, Uint8Array.from([0xff]));

/** An identifier, such as `2.5.29.15`. */
export function identifier(text: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second].concat(rest.flatMap((each) => {
    const own = [each & 0x7f];
    for (let left = each >> 7; left > 0; left >>= 7) {
      own.unshift(0x80 | (left & 0x7f));
    }
    return own;
  }));
  return tagged(0x06, Uint8Array.from(bytes));
}

function name(text: string): Uint8Array {
  return text === "" ? sequence() : sequence(
    tagged(0x31, sequence(identifier("2.5.4.3"), utf8(text))),
  );
}

function time(date: Date): Uint8Array {
  if (Number.isNaN(date.getTime())) return tagged(0x17, Buffer.from("odd"));
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return tagged(0x17, Buffer.from(text.slice(2)));
}

/** An extension of a certificate. */
export interface Extension {
  /** Its identifier. */
  id: string;
  /** Whether it has to be understood. */
  critical?: boolean;
  /** What it says, in DER. */
  value: Uint8Array;
}

/** Of an authority, which may have so many others below it. */
export function authorityOf(below?: number): Extension {
  const most = below === undefined ? [] : [integer(below)];
  return {
    id: "2.5.29.19",
    critical: true,
    value: sequence(truth, ...most),
  };
}

/** What a key is for: 0 is to sign, 5 to sign certificates. */
export function usage(...numbers: number[]): Extension {
  const byte = numbers.reduce((all, number) => all | 0x80 >> number, 0);
  return {
    id: "2.5.29.15",
    critical: true,
    value: bits(0, Uint8Array.from([byte])),
  };
}

/** For what it is beyond that: 3 is to sign code, 8 to sign times. */
export function extendedUsage(number: number): Extension {
  return {
    id: "2.5.29.37",
    value: sequence(identifier(`1.3.6.1.5.5.7.3.${number}`)),
  };
}

/** Whom it is for. */
export function alternativeName(text: string): Extension {
  const isAddress = !text.includes(":");
  return {
    id: "2.5.29.17",
    critical: true,
    value: sequence(numbered(isAddress ? 1 : 6, false, Buffer.from(text))),
  };
}

/** What a certificate says. */
export interface CertificateForm {
  subject: string;
  issuer: string;
  /** Or what stands in place of one. */
  publicKey: KeyObject | Uint8Array;
  /** The key of who issues it. */
  issuerKey: KeyObject;
  from?: Date;
  to?: Date;
  extensions: readonly Extension[];
  /** @default {"sha256"} */
  digest?: "sha256" | "sha1";
  /** Adds what is made of the rest. */
  complete?: (unsigned: Uint8Array<ArrayBuffer>) => Extension;
}

const SIGNED_WITH = {
  sha256: "1.2.840.10045.4.3.2",
  sha1: "1.2.840.10045.4.1",
};
let serial = 1;

/** A certificate of ECDSA, in DER. */
export function certificate(form: CertificateForm): Uint8Array<ArrayBuffer> {
  const { digest = "sha256", extensions } = form;
  const { from = new Date("2020-01-01"), to = new Date("2049-01-01") } = form;
  const algorithm = sequence(identifier(SIGNED_WITH[digest]));
  const number = ++serial;
  const body = (all: readonly Extension[]) =>
    sequence(
      numbered(0, true, integer(2)),
      integer(0x10, number >> 8, number & 0xff),
      algorithm,
      name(form.issuer),
      sequence(time(from), time(to)),
      name(form.subject),
      form.publicKey instanceof Uint8Array ? form.publicKey : new Uint8Array(
        form.publicKey.export({ format: "der", type: "spki" }),
      ),
      numbered(
        3,
        true,
        sequence(...all.map(({ id, critical, value }) =>
          sequence(identifier(id), ...critical ? [truth] : [], octets(value))
        )),
      ),
    );
  const added = form.complete?.(body(extensions));
  const signed = body(added ? [...extensions, added] : extensions);
  const signature = sign(digest, signed, form.issuerKey);
  return sequence(signed, algorithm, bits(0, signature));
}

/** The same as PEM. */
export function pem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return [
    "-----BEGIN CERTIFICATE-----",
    ...lines,
    "-----END CERTIFICATE-----",
    "",
  ].join("\n");
}

/** The digest of a key, by which logs and bundles know it. */
export function keyId(key: KeyObject): Buffer {
  const der = key.export({ format: "der", type: "spki" });
  return createHash("sha256").update(der).digest();
}
