/**
 * Bundles that are signed with a certificate of Sigstore's: for minutes, for
 * whom it names, with an entry in a public log. Nothing is asked of anybody.
 */

import { type KeyObject, verify as verifyBytes } from "node:crypto";
import type { SignedEntity, Verifier } from "@sigstore/verify";
import { SignatureError } from "../image/errors.ts";
import type { SignatureProblem } from "../image/signature_problems.ts";
import { factsOf } from "./certificate_facts.ts";
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
  trust: KeylessTrust,
): Promise<Evidence> {
  const { identity, issuer } = trust;
  const { bundleFromJSON, toSignedEntity } = await sigstore();
  const verifier = await openRoot(trust);
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
    () => outOfTime(read),
  );
  // An authority of Sigstore's has certificates of other uses below it, too.
  const { key } = read;
  const der = key.$case === "certificate" && key.certificate.root.toDER();
  if (!der || !factsOf(new Uint8Array(der)).maySign) {
    throw new Refusal({ code: "certificate-usage" });
  }
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

/**
 * Reads the roots of Sigstore.
 *
 * @throws {SignatureError} If they are none.
 */
export async function openRoot(
  { root, path }: Pick<KeylessTrust, "root" | "path">,
): Promise<Verifier> {
  const { TrustedRoot, toTrustMaterial, Verifier } = await sigstore();
  try {
    const trusted = TrustedRoot.fromJSON(JSON.parse(root));
    // What is something else in JSON is read as a root of nothing.
    if (trusted.certificateAuthorities.length > 0) {
      return new Verifier(toTrustMaterial(trusted));
    }
  } catch (cause) {
    throw new SignatureError(path, { code: "bad-root", path }, [], { cause });
  }
  throw new SignatureError(path, { code: "bad-root", path });
}

async function sigstore() {
  const [
    { bundleFromJSON },
    { crypto },
    { TrustedRoot },
    { toSignedEntity, toTrustMaterial, Verifier },
  ] = await Promise.all([
    import("@sigstore/bundle"),
    import("@sigstore/core"),
    import("@sigstore/protobuf-specs"),
    import("@sigstore/verify"),
  ]);
  nameDigest(crypto);
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

/**
 * Does what the package does, whose errors have codes.
 *
 * @param ofCertificate What is wrong with the certificate, where that is known.
 */
function attempt<T>(
  work: () => T,
  otherwise: SignatureProblem,
  ofCertificate: () => SignatureProblem | undefined = () => undefined,
): T {
  try {
    return work();
  } catch (cause) {
    const { code = "", message = "" } = (cause ?? {}) as {
      code?: string;
      message?: string;
    };
    const found = CODES.find(([pattern]) => pattern.test(code))?.[1];
    if (found?.code !== "untrusted") {
      throw new Refusal(found ?? otherwise, { cause });
    }
    // Of certificates it has one code, for the log of them, too.
    const problem = /SCT/.test(message)
      ? { code: "certificate-log" } as const
      : ofCertificate() ?? found;
    throw new Refusal(problem, { cause });
  }
}

/** Whether it was signed before its certificate began, or after its end. */
function outOfTime(
  { key, timestamps }: SignedEntity,
): SignatureProblem | undefined {
  if (key.$case !== "certificate") return undefined;
  const { notBefore, notAfter } = key.certificate;
  for (const time of timestamps) {
    const at = time.$case === "timestamp-authority"
      ? time.timestamp.signingTime
      : new Date(Number(time.tlogEntry.integratedTime) * 1000);
    if (at < notBefore) {
      return { code: "not-yet-valid", at: notBefore.toISOString() };
    }
    if (at > notAfter) return { code: "expired", at: notAfter.toISOString() };
  }
}
