/** Lets nothing in that is not signed, before any layer of it is asked for. */

import { SignatureError } from "../image/errors.ts";
import { checkOptions } from "../image/options.ts";
import { formatReference } from "../image/reference.ts";
import type { Accept, OfferedImage } from "../copy/pull_options.ts";
import { examine, refuseUnsigned, type VerifiedSignature } from "./examine.ts";
import { type ReadFile, readPolicy, type Requirement } from "./policy.ts";
import {
  type NamedText,
  readTrust,
  type SignatureTrust,
  TRUST_RULES,
} from "./signature_options.ts";
import type { Trust } from "./trust.ts";

/** Told of an image that is let in, and why. */
export type OnSigned = (
  image: OfferedImage,
  signatures: readonly VerifiedSignature[],
) => void;

/**
 * Makes what refuses images that nobody has signed who is believed: for the
 * option `accept` of a pull.
 *
 * @param trust Whom to believe.
 * @param onSigned Told of what is let in.
 * @throws {TypeError} If nobody is to be believed.
 * @throws {SignatureError} If a key or certificate cannot be read.
 *
 * @example
 * ```ts ignore
 * import { pull, requireSignature } from "@x/docker-pull";
 * import { readFile } from "node:fs/promises";
 *
 * const path = "cosign.pub";
 * const key = { path, text: await readFile(path, "utf8") };
 * await pull("registry.test/app:1", { accept: requireSignature({ keys: [key] }) });
 * ```
 */
export function requireSignature(
  trust: SignatureTrust,
  onSigned: OnSigned = () => {},
): Accept {
  checkOptions("verify signatures", trust, TRUST_RULES);
  readTrust(trust);
  return async (image) => {
    const examined = await examine(image, readTrust(trust));
    refuseUnsigned(formatReference(image.reference), examined);
    onSigned(image, examined.signatures);
  };
}

/**
 * Makes what refuses images by a policy, as Podman and skopeo have it: for the
 * option `accept` of a pull.
 *
 * @param policy The `policy.json`.
 * @param readFile Reads the keys that it names.
 * @param onSigned Told of what is let in.
 * @throws {SignatureError} If it is malformed, asks for what is not known here,
 * or names a key that cannot be read.
 */
export async function requirePolicy(
  policy: NamedText,
  readFile: ReadFile,
  onSigned: OnSigned = () => {},
): Promise<Accept> {
  const { requirements } = await readPolicy(policy, readFile);
  return async (image) => {
    const signatures: VerifiedSignature[] = [];
    for (const requirement of requirements(image.reference)) {
      signatures.push(...await meet(requirement, image));
    }
    onSigned(image, signatures);
  };
}

async function meet(
  requirement: Requirement,
  image: OfferedImage,
): Promise<readonly VerifiedSignature[]> {
  const name = formatReference(image.reference);
  if (requirement.type === "insecureAcceptAnything") return [];
  if (requirement.type === "reject") {
    throw new SignatureError(name, { code: "rejected" });
  }
  const { keys, name: rule } = requirement;
  const trust: Trust = { keys, now: Date.now() };
  const examined = await examine(image, trust, (signature) => {
    const { name } = signature;
    if (name === undefined) {
      return rule.explicit ? { code: "no-name" } : undefined;
    }
    return rule.allows(name, image.reference)
      ? undefined
      : { code: "other-name", name };
  });
  refuseUnsigned(name, examined);
  // Those without a name count for any, which whoever asks is to know.
  return examined.signatures.map((signature) =>
    signature.name === undefined
      ? { ...signature, unchecked: [...signature.unchecked, "name"] }
      : signature
  );
}
