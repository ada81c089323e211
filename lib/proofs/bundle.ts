/**
 * cosign's signatures as bundles of Sigstore, which refer to the image.
 *
 * @see {@link https://github.com/sigstore/cosign/blob/v3.1.2/specs/BUNDLE_SPEC.md}
 */

import type { Shape } from "../image/strict_json.ts";
import { checkStatement, readEnvelope, signedBytes } from "./dsse.ts";
import { hasSigned } from "./keys.ts";
import { type Fields, objectOf, readJson, Refusal, shown } from "./reading.ts";
import type { Evidence, Trust } from "./trust.ts";

/** What a bundle is called, in its older ways, too. */
export const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle/;
const KNOWN =
  /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/;

const SHAPE: Shape = {
  members: {
    mediaType: "text",
    verificationMaterial: {
      members: {
        publicKey: { members: { hint: "text" } },
        certificate: { members: { rawBytes: "text" } },
        x509CertificateChain: "any",
        tlogEntries: "any",
        timestampVerificationData: "any",
      },
    },
    dsseEnvelope: {
      members: {
        payload: "text",
        payloadType: "text",
        signatures: { members: { sig: "text", keyid: "text" } },
      },
    },
    messageSignature: "any",
  },
};

/**
 * Verifies a bundle.
 *
 * @param bytes The bundle.
 * @param digest The digest that it is to have signed.
 * @param annotations What its manifest says beside it.
 * @throws {Refusal} With why it does not count.
 */
export async function verifyBundle(
  bytes: Uint8Array,
  digest: string,
  trust: Trust,
  annotations: Fields = {},
): Promise<Evidence> {
  const bundle = readJson(bytes, SHAPE, "bundle");
  if (!KNOWN.test(String(bundle.mediaType))) {
    throw new Refusal({ code: "bundle-type", type: shown(bundle.mediaType) });
  }
  if (bundle.dsseEnvelope === undefined || bundle.messageSignature) {
    throw new Refusal({ code: "no-envelope" });
  }
  const envelope = readEnvelope(bundle.dsseEnvelope);
  const material = objectOf(
    bundle.verificationMaterial,
    "verificationMaterial",
  );
  if (material.publicKey === undefined) {
    if (!trust.root) {
      throw new Refusal({ code: trust.keys.length ? "other-key" : "no-trust" });
    }
    const { verifyKeyless } = await import("./keyless.ts");
    const evidence = await verifyKeyless(bundle, trust.root);
    checkStatement(envelope, digest, annotations);
    return evidence;
  }
  if (trust.keys.length === 0) throw new Refusal({ code: "no-key" });
  const { hint } = objectOf(material.publicKey, "publicKey");
  const named = trust.keys.filter((key) => key.hint === hint);
  // A key may be known there by another hint; then each of them is tried.
  const tried = named.length > 0 ? named : trust.keys;
  const signed = signedBytes(envelope);
  for (const key of tried) {
    if (!await hasSigned(key, signed, envelope.signature)) continue;
    checkStatement(envelope, digest, annotations);
    return {
      kind: "cosign-bundle",
      signer: { key: key.fingerprint },
      unchecked: ["transparency-log"],
    };
  }
  throw new Refusal({
    code: named.length > 0 || !hint ? "bad-signature" : "other-key",
  });
}
