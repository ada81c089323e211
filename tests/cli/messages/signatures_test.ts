/** What the user reads of a signature that does not count. */

import { explainError } from "../../../cli/messages/errors.ts";
import { SignatureError } from "../../../lib/image/errors.ts";
import type { SignatureProblem } from "../../../lib/image/signature_problems.ts";
import { eachOf } from "./examples.ts";

const digest = `sha256:${"a".repeat(64)}`;
const cannotTrust = 'Cannot trust "r.test/a:1": ';
const cannotVerify = "Cannot verify signatures: ";
const at = "2026-01-01T00:00:00Z";

eachOf<SignatureProblem>(
  "the signature",
  {
    "no-signature": [[{}, `${cannotTrust}there is no signature of it`]],
    "bad-signature": [[
      {},
      `${cannotTrust}the signature is not one of these bytes by that key`,
    ]],
    "other-key": [[
      {},
      `${cannotTrust}it is signed by somebody else than is trusted`,
    ]],
    "no-trust": [[
      {},
      `${cannotTrust}it is signed with a certificate, and none that is trusted ` +
      "was named",
    ]],
    "no-key": [[
      {},
      `${cannotTrust}it is signed with a key, and none that is trusted was named`,
    ]],
    "no-subject": [[{}, `${cannotTrust}what was signed names no image`]],
    "no-envelope": [[
      {},
      `${cannotTrust}there is no signature in what should be one`,
    ]],
    "several-signatures": [[
      {},
      `${cannotTrust}there is more than one signature in it`,
    ]],
    "untrusted": [[
      {},
      `${cannotTrust}its certificates lead to none that is trusted`,
    ]],
    "certificate-usage": [[
      {},
      `${cannotTrust}its certificate is not one to sign with`,
    ]],
    "weak-key": [[
      {},
      `${cannotTrust}its key is of a kind or size that proves nothing`,
    ]],
    "log-proof": [[
      {},
      `${cannotTrust}the transparency log does not prove that it has it`,
    ]],
    "no-log-entry": [[
      {},
      `${cannotTrust}it has no entry of a transparency log`,
    ]],
    "certificate-log": [[
      {},
      `${cannotTrust}no log of certificates has its certificate`,
    ]],
    "timestamp": [[{}, `${cannotTrust}nothing proves when it was signed`]],
    "rejected": [[
      {},
      `${cannotTrust}the policy lets nothing of that name in`,
    ]],
    "no-policy": [[
      {},
      `${cannotVerify}there is no policy.json that says what has to be signed`,
    ]],
    "other-digest": [[
      { signed: digest },
      `${cannotTrust}the signature was made for ${digest}`,
    ]],
    "other-subject": [
      [{}, `${cannotTrust}the signature refers to nothing`],
      [
        { subject: digest },
        `${cannotTrust}the signature refers to ${digest}`,
      ],
    ],
    "not-below": [[
      { signed: digest },
      `${cannotTrust}${digest} is signed, and this is not part of it`,
    ]],
    "signed-not-there": [[
      { signed: digest },
      `${cannotTrust}${digest} is signed, which is not there to show what it ` +
      "is made of",
    ]],
    "malformed": [[
      { part: "payload" },
      `${cannotTrust}its payload is malformed or ambiguous`,
    ]],
    "damaged": [[
      { part: "layer" },
      `${cannotTrust}its layer is damaged, or not there`,
    ]],
    "bundle-type": [[
      { type: "a" },
      `${cannotTrust}it is of the type "a", which is not read here`,
    ]],
    "payload-type": [[
      { type: "a" },
      `${cannotTrust}what was signed is of the type "a"`,
    ]],
    "statement-type": [[
      { type: "a" },
      `${cannotTrust}what was signed is a statement of the type "a"`,
    ]],
    "predicate-type": [[
      { type: "a" },
      `${cannotTrust}what was signed is "a", and no signature of an image`,
    ]],
    "annotation-differs": [[
      { name: "a" },
      `${cannotTrust}what is said beside the signature as a was not signed so`,
    ]],
    "algorithm": [[
      { algorithm: "none" },
      `${cannotTrust}the algorithm "none" is not known, or not that of its key`,
    ]],
    "critical": [[
      { name: "a" },
      `${cannotTrust}it has to be understood and is not, or is missing: "a"`,
    ]],
    "expired": [[{ at }, `${cannotTrust}its certificate was over at ${at}`]],
    "not-yet-valid": [[
      { at },
      `${cannotTrust}its certificate begins to be valid at ${at}`,
    ]],
    "signature-expired": [[
      { at },
      `${cannotTrust}the signature was over at ${at}`,
    ]],
    "identity": [[{ identity: "a" }, `${cannotTrust}it is signed by "a"`]],
    "issuer": [[
      { issuer: "a" },
      `${cannotTrust}"a" has vouched for who signed`,
    ]],
    "other-name": [[{ name: "a" }, `${cannotTrust}it was signed as "a"`]],
    "no-name": [[
      {},
      `${cannotTrust}it was signed without a name, and the policy wants one`,
    ]],
    "bad-key": [[
      { path: "a" },
      `${cannotVerify}"a" holds no key or certificate in PEM`,
    ]],
    "bad-root": [[
      { path: "a" },
      `${cannotVerify}"a" is no trusted_root.json`,
    ]],
    "bad-policy": [[
      { path: "a", part: "b" },
      `${cannotVerify}the policy "a" is malformed at "b"`,
    ]],
    "policy-unsupported": [[
      { path: "a", part: "b" },
      `${cannotVerify}the policy "a" asks for b, which is not known here`,
    ]],
  },
  (problem) => explainError(new SignatureError("r.test/a:1", problem)).sentence,
);
