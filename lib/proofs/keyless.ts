/**
 * Bundles that are signed with a certificate of Sigstore's: for minutes, for
 * whom it names, with an entry in a public log. Nothing is asked of anybody.
 */

import { type KeyObject, verify as verifyBytes } from "node:crypto";
import { SignatureError } from "../image/errors.ts";
import type { SignatureProblem } from "../image/signature_problems.ts";
import { type Fields, Refusal, shown } from "./reading.ts";
import type { Evidence, KeylessTrust } from "./trust.ts";

/** What the codes of the package mean here. */
const CODES: readonly [RegExp, SignatureProblem][] = [
  [/^TLOG_MISSING/, { code: "no-log-entry" }],
  [/^TLOG/, { code: "log-proof" }],
  [/^TIMESTAMP/, { code: "timestamp" }],
  [/^SIGNATURE/, { code: "bad-signature" }],
  [/^PUBLIC_KEY/, { code: "other-key" }],
  [/^CERTIFICATE/, { code: "untrusted" }],
];

/**
 * Verifies a bundle against the roots of Sigstore: certificate, both logs, time
 * and signature; then whom the certificate names.
 *
 * @param bundle As it was read.
 * @throws {Refusal} With why it does not count.
 * @throws {SignatureError} If the roots cannot be read.
 */
export async function verifyKeyless(
  bundle: Fields,
  { root, path, identity, issuer }: KeylessTrust,
): Promise<Evidence> {
  const {
    bundleFromJSON,
    TrustedRoot,
    toSignedEntity,
    toTrustMaterial,
    Verifier,
  } = await sigstore();
  let verifier;
  try {
    const trusted = TrustedRoot.fromJSON(JSON.parse(root));
    verifier = new Verifier(toTrustMaterial(trusted));
  } catch (cause) {
    throw new SignatureError(path, { code: "bad-root", path }, [], { cause });
  }
  const read = attempt(
    () => toSignedEntity(bundleFromJSON(bundle)),
    { code: "malformed", part: "bundle" },
  );
  if (read.tlogEntries.length === 0) {
    throw new Refusal({ code: "no-log-entry" });
  }
  // Without the log's promise, the time in an entry is anybody's word.
  const vouched = read.timestamps.some((time) =>
    time.$case === "timestamp-authority" || time.tlogEntry.inclusionPromise
  );
  if (!vouched) throw new Refusal({ code: "timestamp" });
  const signer = attempt(
    () => verifier.verify(read),
    { code: "bad-signature" },
  );
  const names = signer.identity;
  if (names?.extensions?.issuer !== issuer) {
    const said = shown(names?.extensions?.issuer ?? "");
    throw new Refusal({ code: "issuer", issuer: said });
  }
  if (names.subjectAlternativeName !== identity) {
    const said = shown(names.subjectAlternativeName ?? "");
    throw new Refusal({ code: "identity", identity: said });
  }
  return { kind: "cosign-bundle", signer: { identity, issuer }, unchecked: [] };
}

async function sigstore() {
  const [bundle, core, specs, verify] = await Promise.all([
    import("@sigstore/bundle"),
    import("@sigstore/core"),
    import("@sigstore/protobuf-specs"),
    import("@sigstore/verify"),
  ]);
  const { bundleFromJSON } = bundle;
  const { TrustedRoot } = specs;
  nameDigest(core.crypto);
  const { toSignedEntity, toTrustMaterial, Verifier } = verify;
  return {
    bundleFromJSON,
    TrustedRoot,
    toSignedEntity,
    toTrustMaterial,
    Verifier,
  };
}

/**
 * The package leaves it to OpenSSL which digest a key goes with, where that is
 * SHA-256; Deno has no such default and takes each signature for a wrong one.
 */
function nameDigest(crypto: { verify: VerifyBytes }): void {
  crypto.verify = (data, key, signature, algorithm) => {
    const own = key.asymmetricKeyType === "ed25519" ? null : "sha256";
    try {
      return verifyBytes(algorithm ?? own, data, key, signature);
    } catch {
      return false;
    }
  };
}

type VerifyBytes = (
  data: Buffer,
  key: KeyObject,
  signature: Buffer,
  algorithm?: string,
) => boolean;

/** Does what the package does, whose errors have codes. */
function attempt<T>(work: () => T, otherwise: SignatureProblem): T {
  try {
    return work();
  } catch (cause) {
    const { code = "", message = "" } = (cause ?? {}) as {
      code?: string;
      message?: string;
    };
    // Of certificates it has one code, for the log of them, too.
    const found = /SCT/.test(message) && code.startsWith("CERTIFICATE")
      ? { code: "certificate-log" } as const
      : CODES.find(([pattern]) => pattern.test(code))?.[1];
    throw new Refusal(found ?? otherwise, { cause });
  }
}
