/**
 * What is signed in an envelope: a statement that an image has a digest.
 *
 * @see {@link https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md}
 * @see {@link https://github.com/in-toto/attestation/blob/v1.0/spec/v1/statement.md}
 */

import { parseDigest } from "../image/digest.ts";
import type { Shape } from "../image/strict_json.ts";
import {
  base64Of,
  type Fields,
  listOf,
  objectOf,
  readJson,
  Refusal,
  shown,
  textOf,
} from "./reading.ts";

/** What a payload of in-toto is called. */
const IN_TOTO = "application/vnd.in-toto+json";
const STATEMENTS = [
  "https://in-toto.io/Statement/v1",
  "https://in-toto.io/Statement/v0.1",
];
/** What cosign says of an image that it signs. */
export const SIGN = "https://sigstore.dev/cosign/sign/v1";
/** Where the manifest of a bundle says what is said in it. */
export const PREDICATE_TYPE = "dev.sigstore.bundle.predicateType";

const STATEMENT: Shape = {
  members: {
    _type: "text",
    predicateType: "text",
    subject: {
      members: { name: "text", digest: { map: "string" }, annotations: "any" },
    },
  },
};

/** An envelope with its only signature. */
export interface Envelope {
  /** What is signed. */
  payload: Uint8Array<ArrayBuffer>;
  /** Its type. */
  payloadType: string;
  /** The signature. */
  signature: Uint8Array<ArrayBuffer>;
}

/** Reads an envelope. */
export function readEnvelope(value: unknown): Envelope {
  const fields = objectOf(value, "dsseEnvelope");
  const payload = base64Of(fields.payload, "payload");
  const payloadType = textOf(fields.payloadType, "payloadType");
  const signatures = listOf(fields.signatures, "signatures");
  if (signatures.length === 0) throw new Refusal({ code: "no-envelope" });
  if (signatures.length > 1) {
    throw new Refusal({ code: "several-signatures" });
  }
  const { sig } = objectOf(signatures[0], "signatures");
  return { payload, payloadType, signature: base64Of(sig, "sig") };
}

/** The bytes that the signature of an envelope is over. */
export function signedBytes({ payload, payloadType }: Envelope): Uint8Array {
  const type = new TextEncoder().encode(payloadType);
  const head = new TextEncoder().encode(
    `DSSEv1 ${type.length} ${payloadType} ${payload.length} `,
  );
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

/**
 * What a payload says of the image, once it is known to be signed.
 *
 * @param annotations What is said beside it, which nobody has signed.
 */
export function checkStatement(
  { payload, payloadType }: Envelope,
  digest: string,
  annotations: Fields = {},
): void {
  if (payloadType !== IN_TOTO) {
    throw new Refusal({ code: "payload-type", type: shown(payloadType) });
  }
  const statement = readJson(payload, STATEMENT, "payload");
  if (!STATEMENTS.includes(statement._type as string)) {
    throw new Refusal({ code: "statement-type", type: shown(statement._type) });
  }
  const { predicateType } = statement;
  if (predicateType !== SIGN) {
    throw new Refusal({ code: "predicate-type", type: shown(predicateType) });
  }
  const said = annotations[PREDICATE_TYPE];
  if (said !== undefined && said !== predicateType) {
    throw new Refusal({ code: "annotation-differs", name: PREDICATE_TYPE });
  }
  const { algorithm, hex } = parseDigest(digest);
  const subjects = listOf(statement.subject, "subject");
  if (subjects.length === 0) throw new Refusal({ code: "no-subject" });
  const signed = subjects.map((subject) =>
    objectOf(objectOf(subject, "subject").digest, "subject.digest")[algorithm]
  );
  if (signed.includes(hex)) return;
  const other = signed.find((each) => typeof each === "string");
  if (other === undefined) throw new Refusal({ code: "no-subject" });
  throw new Refusal({
    code: "other-digest",
    signed: shown(`${algorithm}:${other}`),
  });
}
