/** What is signed and what is not, in words. */

import type {
  RefusedSignature,
  SignatureError,
} from "../../lib/image/errors.ts";
import type { SignatureProblem } from "../../lib/image/signature_problems.ts";
import type { VerifiedSignature } from "../../lib/proofs/examine.ts";
import type { SignatureKind, Unchecked } from "../../lib/proofs/trust.ts";
import { EXIT } from "./exit_codes.ts";
import {
  type ErrorContext,
  type Explanation,
  sentenceOf,
  type Sentences,
} from "./explanation.ts";

const quote = JSON.stringify;

const REASON: Sentences<SignatureProblem> = {
  "no-signature": () => "there is no signature of it",
  "bad-signature": () => "the signature is not one of these bytes by that key",
  "other-key": () => "it is signed by somebody else than is trusted",
  "no-trust": () =>
    "it is signed with a certificate, and none that is trusted was named",
  "no-key": () => "it is signed with a key, and none that is trusted was named",
  "no-subject": () => "what was signed names no image",
  "no-envelope": () => "there is no signature in what should be one",
  "several-signatures": () => "there is more than one signature in it",
  "untrusted": () => "its certificates lead to none that is trusted",
  "certificate-usage": () => "its certificate is not one to sign with",
  "weak-key": () => "its key is of a kind or size that proves nothing",
  "log-proof": () => "the transparency log does not prove that it has it",
  "no-log-entry": () => "it has no entry of a transparency log",
  "certificate-log": () => "no log of certificates has its certificate",
  "timestamp": () => "nothing proves when it was signed",
  "rejected": () => "the policy lets nothing of that name in",
  "no-policy": () => "there is no policy.json that says what has to be signed",
  "other-digest": ({ signed }) => `the signature was made for ${signed}`,
  "other-subject": ({ subject }) =>
    subject === undefined
      ? "the signature refers to nothing"
      : `the signature refers to ${subject}`,
  "not-below": ({ signed }) =>
    `${signed} is signed, and this is not part of it`,
  "signed-not-there": ({ signed }) =>
    `${signed} is signed, which is not there to show what it is made of`,
  "malformed": ({ part }) => `its ${part} is malformed or ambiguous`,
  "damaged": ({ part }) => `its ${part} is damaged, or not there`,
  "bundle-type": ({ type }) =>
    `it is of the type ${quote(type)}, which is not read here`,
  "payload-type": ({ type }) => `what was signed is of the type ${quote(type)}`,
  "statement-type": ({ type }) =>
    `what was signed is a statement of the type ${quote(type)}`,
  "predicate-type": ({ type }) =>
    `what was signed is ${quote(type)}, and no signature of an image`,
  "annotation-differs": ({ name }) =>
    `what is said beside the signature as ${name} was not signed so`,
  "algorithm": ({ algorithm }) =>
    `the algorithm ${quote(algorithm)} is not known, or not that of its key`,
  "critical": ({ name }) =>
    `it has to be understood and is not, or is missing: ${quote(name)}`,
  "expired": ({ at }) => `its certificate was over at ${at}`,
  "not-yet-valid": ({ at }) => `its certificate begins to be valid at ${at}`,
  "signature-expired": ({ at }) => `the signature was over at ${at}`,
  "identity": ({ identity }) => `it is signed by ${quote(identity)}`,
  "issuer": ({ issuer }) => `${quote(issuer)} has vouched for who signed`,
  "other-name": ({ name }) => `it was signed as ${quote(name)}`,
  "no-name": () => "it was signed without a name, and the policy wants one",
  "bad-key": ({ path }) => `${quote(path)} holds no key or certificate in PEM`,
  "bad-root": ({ path }) => `${quote(path)} is no trusted_root.json`,
  "bad-policy": ({ path, part }) =>
    `the policy ${quote(path)} is malformed at ${quote(part)}`,
  "policy-unsupported": ({ path, part }) =>
    `the policy ${quote(path)} asks for ${part}, which is not known here`,
};

const NEXT: Partial<Record<SignatureProblem["code"], string>> = {
  "no-signature":
    "ask who published it; in a file, signatures are there if it was pulled " +
    "with --referrers",
  "no-trust": "name it by --trusted-root or --notation-trust-store",
  "no-key": "name it by --key",
  "no-policy": "name one by --signature-policy, or a key by --key",
  "signed-not-there": "pull it anew with --referrers, which keeps that",
  "other-name":
    'see to signedIdentity in the policy: {"type": "matchRepository"} goes by ' +
    "the repository",
  "no-name": "cosign's bundles have none: leave signedIdentity out for these",
  "bad-key": "a key is what cosign generate-key-pair calls cosign.pub",
  "bad-root": "cosign trusted-root create makes one",
  "bad-policy": "containers-policy.json(5) tells what can be in it",
  "policy-unsupported":
    "name another by --signature-policy: insecureAcceptAnything, reject, and " +
    "sigstoreSigned with keys are known",
  "bundle-type":
    "have it signed anew: cosign's bundles and .sig are read, and what " +
    "notation sign --signature-format jws makes",
  "timestamp": "the signature has to hold the log's promise or a countersign",
};

/** These are about what the command was given. */
const USAGE = ["bad-key", "bad-root", "bad-policy", "policy-unsupported"];

/** Why a signature does not count. */
export function signatureReason(problem: SignatureProblem): string {
  return sentenceOf(REASON, problem);
}

/** Puts it in words. */
export function explainSignature(
  { image, problem, refused }: SignatureError,
  { named }: ErrorContext,
): Explanation {
  const isUsage = USAGE.includes(problem.code) || problem.code === "no-policy";
  return {
    sentence: isUsage
      ? `Cannot verify signatures: ${signatureReason(problem)}`
      : `Cannot trust ${named ? "it" : quote(image)}: ${
        signatureReason(problem)
      }`,
    hint: NEXT[problem.code] ??
      (refused.length > 1
        ? `none of its ${refused.length} signatures counts; docker-pull ` +
          "verify tells why of each"
        : "do not use it before who published it has said why"),
    code: isUsage ? EXIT.usage : EXIT.signature,
  };
}

const KINDS: Readonly<Record<SignatureKind, string>> = {
  "cosign-bundle": "cosign",
  "cosign-signature": "cosign, older form",
  "notation": "notation",
};

const UNCHECKED: Readonly<Record<Unchecked, string>> = {
  "transparency-log": "transparency log not checked",
  "revocation": "revocation not checked",
  "timestamp": "time of signing not checked",
  "name": "name not signed",
};

/** Who has signed, and what was not checked. */
export function signedLine(
  { kind, signer, signed, unchecked }: VerifiedSignature,
): string {
  const { identity, issuer, key } = signer;
  const who = identity === undefined
    ? `this key, ${key}`
    : issuer === undefined
    ? identity
    : `${identity}, vouched for by ${issuer}`;
  return [
    `${signed} signed by ${who} (${KINDS[kind]})`,
    ...unchecked.map((each) => UNCHECKED[each]),
  ].join("; ");
}

/** A signature that does not count. */
export function refusedLine({ digest, problem }: RefusedSignature): string {
  return `${digest}: ${signatureReason(problem)}`;
}
