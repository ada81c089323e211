/**
 * What Sigstore is made of, in small: an authority for certificates, the log of
 * these, and the log of signatures.
 */

import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import {
  alternativeName,
  authorityOf,
  certificate,
  extendedUsage,
  type Extension,
  keyId,
  octets,
  pem,
  usage,
  utf8,
} from "./der.ts";

const base64 = (bytes: Uint8Array | string): string =>
  Buffer.from(bytes as Uint8Array).toString("base64");
const hash = (...parts: (Uint8Array | string)[]): Buffer =>
  parts.reduce(
    (all, part) => all.update(part),
    createHash("sha256"),
  ).digest();

function number(value: number | bigint, bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer.subarray(8 - bytes);
}

/** Who signs without a key of their own, and what. */
export interface KeylessForm {
  /** A mail address, or the URL of a workflow. */
  identity?: string;
  /** Who vouches for that. */
  issuer?: string;
  /** What is signed, of the type that cosign signs. */
  statement: Uint8Array;
  /** When; RFC 3339. */
  at?: string;
  /** Further extensions of the certificate, or others than there should be. */
  uses?: readonly Extension[];
}

/** What the log calls itself. */
const LOG = "log.test";

/** An entry of the log, as bundles have it. */
export interface LogEntry {
  logIndex: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime: string;
  inclusionPromise: { signedEntryTimestamp: string };
  inclusionProof: {
    logIndex: string;
    rootHash: string;
    treeSize: string;
    hashes: string[];
    checkpoint: { envelope: string };
  };
  canonicalizedBody: string;
}

/** Whom {@linkcode Authority} gives a certificate unless it is told. */
export const SIGNER = "signer@example.test";
/** Who vouches for that. */
export const PROVIDER = "https://accounts.example.test";

/** All of it, with keys of this run. */
export class Authority {
  readonly #root = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #certificates = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #log = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #rootCertificate = certificate({
    subject: "authority",
    issuer: "authority",
    publicKey: this.#root.publicKey,
    issuerKey: this.#root.privateKey,
    extensions: [authorityOf(), usage(5, 6)],
  });

  /** What `cosign trusted-root create` makes of it. */
  get trustedRoot(): string {
    const validFor = { start: "2020-01-01T00:00:00Z" };
    const log = (publicKey: KeyObject, host: string) => ({
      baseUrl: `https://${host}`,
      hashAlgorithm: "SHA2_256",
      publicKey: {
        rawBytes: base64(publicKey.export({ format: "der", type: "spki" })),
        keyDetails: "PKIX_ECDSA_P256_SHA_256",
        validFor,
      },
      logId: { keyId: base64(keyId(publicKey)) },
    });
    return JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [log(this.#log.publicKey, LOG)],
      certificateAuthorities: [{
        subject: { organization: "test", commonName: "authority" },
        uri: "https://authority.test",
        certChain: {
          certificates: [{ rawBytes: base64(this.#rootCertificate) }],
        },
        validFor,
      }],
      ctlogs: [log(this.#certificates.publicKey, "certificates.test")],
      timestampAuthorities: [],
    });
  }

  /** A bundle, as cosign makes it. */
  sign(form: KeylessForm): Record<string, unknown> {
    const { identity, issuer, statement, uses } = form;
    const at = new Date(form.at ?? "2026-11-28T09:00:00Z");
    const payloadType = "application/vnd.in-toto+json";
    const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const der = this.issue(own.publicKey, { identity, issuer, uses, at });
    const signature = sign(
      "sha256",
      Buffer.concat([
        Buffer.from(
          `DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} `,
        ),
        statement,
      ]),
      own.privateKey,
    );
    const envelope = {
      payload: base64(statement),
      payloadType,
      signatures: [{ sig: base64(signature) }],
    };
    const verifier = base64(pem(der));
    const entry = this.log(JSON.stringify(envelope), verifier, at);
    return {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        certificate: { rawBytes: base64(der) },
        tlogEntries: [entry],
        timestampVerificationData: { rfc3161Timestamps: [] },
      },
      dsseEnvelope: envelope,
    };
  }

  /** A certificate for some minutes, in DER, as Fulcio issues it. */
  issue(
    publicKey: KeyObject,
    { identity = SIGNER, issuer = PROVIDER, uses, at }:
      & Pick<KeylessForm, "identity" | "issuer" | "uses">
      & { at: Date },
  ): Uint8Array<ArrayBuffer> {
    return certificate({
      subject: "",
      issuer: "authority",
      publicKey,
      issuerKey: this.#root.privateKey,
      from: at,
      to: new Date(at.getTime() + 600_000),
      extensions: [
        ...uses ?? [usage(0), extendedUsage(3)],
        alternativeName(identity),
        { id: "1.3.6.1.4.1.57264.1.1", value: Buffer.from(issuer) },
        { id: "1.3.6.1.4.1.57264.1.8", value: utf8(issuer) },
      ],
      complete: (unsigned) => this.#promise(unsigned, at),
    });
  }

  /** The root's certificate as PEM. */
  get rootCertificate(): string {
    return pem(this.#rootCertificate);
  }

  /**
   * Logs an envelope, as Rekor does.
   *
   * @param verifier The certificate as PEM, in base64.
   */
  log(envelope: string, verifier: string, at: Date): LogEntry {
    const { payload, signatures: [{ sig }] } = JSON.parse(envelope);
    const entry = JSON.stringify({
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        envelopeHash: {
          algorithm: "sha256",
          value: hash(envelope).toString("hex"),
        },
        payloadHash: {
          algorithm: "sha256",
          value: hash(Buffer.from(payload, "base64")).toString("hex"),
        },
        signatures: [{ signature: sig, verifier }],
      },
    });
    return this.#logged(entry, Math.floor(at.getTime() / 1000));
  }

  /** The promise of the log of certificates, as RFC 6962 has it. */
  #promise(unsigned: Uint8Array, at: Date): Extension {
    const time = number(at.getTime(), 8);
    const signature = sign(
      "sha256",
      Buffer.concat([
        Uint8Array.from([0, 0]),
        time,
        Uint8Array.from([0, 1]),
        keyId(this.#root.publicKey),
        number(unsigned.length, 3),
        unsigned,
        Uint8Array.from([0, 0]),
      ]),
      this.#certificates.privateKey,
    );
    const promise = Buffer.concat([
      Uint8Array.from([0]),
      keyId(this.#certificates.publicKey),
      time,
      Uint8Array.from([0, 0, 4, 3]),
      number(signature.length, 2),
      signature,
    ]);
    const list = Buffer.concat([number(promise.length, 2), promise]);
    return {
      id: "1.3.6.1.4.1.11129.2.4.2",
      value: octets(number(list.length, 2), list),
    };
  }

  /** The second of two entries of the log, with its proof and its promise. */
  #logged(entry: string, time: number): LogEntry {
    const id = keyId(this.#log.publicKey);
    const body = base64(entry);
    const before = hash(Uint8Array.from([0]), "before");
    const leaf = hash(Uint8Array.from([0]), entry);
    const root = hash(Uint8Array.from([1]), before, leaf);
    const note = `${LOG} - 1\n2\n${base64(root)}\n`;
    const noted = Buffer.concat([
      id.subarray(0, 4),
      sign("sha256", Buffer.from(note), this.#log.privateKey),
    ]);
    const promised = JSON.stringify({
      body,
      integratedTime: time,
      logID: id.toString("hex"),
      logIndex: 1,
    });
    return {
      logIndex: "1",
      logId: { keyId: base64(id) },
      kindVersion: { kind: "dsse", version: "0.0.1" },
      integratedTime: `${time}`,
      inclusionPromise: {
        signedEntryTimestamp: base64(
          sign("sha256", Buffer.from(promised), this.#log.privateKey),
        ),
      },
      inclusionProof: {
        logIndex: "1",
        rootHash: base64(root),
        treeSize: "2",
        hashes: [base64(before)],
        checkpoint: {
          envelope: `${note}\n\u2014 ${LOG} ${base64(noted)}\n`,
        },
      },
      canonicalizedBody: body,
    };
  }
}

/** What cosign signs: that an image has a digest. */
export function statementOf(digest: string): Uint8Array<ArrayBuffer> {
  const [algorithm = "", hex = ""] = digest.split(":");
  return new TextEncoder().encode(JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { [algorithm]: hex }, annotations: {} }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
  }));
}
