/**
 * Signatures of older versions of cosign, under a tag made of the digest.
 *
 * @see {@link https://github.com/containers/image/blob/v5.36.0/docs/containers-signature.5.md}
 */

import type { Shape } from "../image/strict_json.ts";
import { hasSigned } from "./keys.ts";
import { base64Of, objectOf, readJson, Refusal, shown } from "./reading.ts";
import type { Evidence, Trust } from "./trust.ts";

/** What such a payload is called. */
export const SIMPLE_SIGNING =
  "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const CERTIFICATE = "dev.sigstore.cosign/certificate";
/** What cosign and containers/image sign as. */
const TYPES = [
  "cosign container image signature",
  "atomic container signature",
];

const SHAPE: Shape = {
  members: {
    critical: {
      members: {
        type: "text",
        image: { members: { "docker-manifest-digest": "text" } },
        identity: { members: { "docker-reference": "text" } },
      },
    },
    optional: "any",
  },
};

/**
 * Verifies such a payload.
 *
 * @param payload The payload.
 * @param digest The digest that it is to have signed.
 * @param annotations Of its layer, with the signature.
 * @throws {Refusal} With why it does not count.
 */
export async function verifySimpleSigning(
  payload: Uint8Array,
  digest: string,
  annotations: Record<string, unknown>,
  trust: Trust,
): Promise<Evidence> {
  if (annotations[SIGNATURE] === undefined) {
    throw new Refusal({ code: "no-envelope" });
  }
  const signature = base64Of(annotations[SIGNATURE], SIGNATURE);
  if (trust.keys.length === 0) {
    throw new Refusal({
      code: annotations[CERTIFICATE] === undefined ? "no-key" : "no-trust",
    });
  }
  let key;
  for (const each of trust.keys) {
    if (await hasSigned(each, payload, signature)) key = each;
  }
  if (!key) throw new Refusal({ code: "bad-signature" });
  const { critical } = readJson(payload, SHAPE, "payload");
  const { type, image, identity } = objectOf(critical, "critical");
  if (!TYPES.includes(type as string)) {
    throw new Refusal({ code: "payload-type", type: shown(type) });
  }
  const signed = objectOf(image, "critical.image")["docker-manifest-digest"];
  if (signed === undefined) throw new Refusal({ code: "no-subject" });
  if (signed !== digest) {
    throw new Refusal({ code: "other-digest", signed: shown(signed) });
  }
  const name =
    objectOf(identity ?? {}, "critical.identity")["docker-reference"];
  return {
    kind: "cosign-signature",
    signer: { key: key.fingerprint },
    name: typeof name === "string" && name ? name : undefined,
    unchecked: ["transparency-log"],
  };
}
