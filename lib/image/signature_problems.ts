/** What can be wrong with a signature, as data. */

/** Why an image is not taken for signed; each signature is refused by its own. */
export type SignatureProblem =
  | {
    code:
      /** Nothing refers to the image that is a signature. */
      | "no-signature"
      /** The bytes and the signature do not belong together. */
      | "bad-signature"
      /** It names another key than those that are trusted. */
      | "other-key"
      /** It is made with a certificate, and no trust in any was given. */
      | "no-trust"
      /** It is made with a key, and none that is trusted was given. */
      | "no-key"
      /** It signs nothing, or not one thing. */
      | "no-subject"
      /** It holds no signature, or more than one. */
      | "no-envelope"
      | "several-signatures"
      /** The certificates do not lead to one that is trusted. */
      | "untrusted"
      /** The certificate is not one to sign with, or its key is too weak. */
      | "certificate-usage"
      | "weak-key"
      /** The log's entry is not proven, or is one of something else. */
      | "log-proof"
      | "no-log-entry"
      /** The certificate is not in the log of certificates. */
      | "certificate-log"
      /** No time that can be trusted says when it was signed. */
      | "timestamp"
      /** The policy lets nothing in. */
      | "rejected"
      /** No policy says anything of it. */
      | "no-policy";
  }
  /** The digest that was signed is another one: it was made for that. */
  | { code: "other-digest"; signed: string }
  /** It is said to refer to the image, and refers to something else. */
  | { code: "other-subject"; subject?: string }
  /** What was signed is there, and the image is not below it. */
  | { code: "not-below"; signed: string }
  /** What was signed is not there, so that nobody knows what is below it. */
  | { code: "signed-not-there"; signed: string }
  /** A part of it is missing, too long, of another type or malformed. */
  | { code: "malformed"; part: string }
  /** Some part is damaged, or not there. */
  | { code: "damaged"; part: string }
  /** It is of a type that is not known, or not to be used. */
  | { code: "bundle-type"; type: string }
  | { code: "payload-type"; type: string }
  | { code: "statement-type"; type: string }
  | { code: "predicate-type"; type: string }
  /** What is said beside the signature is not what was signed. */
  | { code: "annotation-differs"; name: string }
  /** The algorithm is not known, or does not go with the key. */
  | { code: "algorithm"; algorithm: string }
  /** It has to be understood and is not, or has to be there and is not. */
  | { code: "critical"; name: string }
  /** When it was over, or begins to be valid; RFC 3339. */
  | { code: "expired"; at: string }
  | { code: "not-yet-valid"; at: string }
  | { code: "signature-expired"; at: string }
  /** It was made by somebody else. */
  | { code: "identity"; identity: string }
  | { code: "issuer"; issuer: string }
  /** It was made for an image of another name, or for none. */
  | { code: "other-name"; name: string }
  | { code: "no-name" }
  /** A key, certificate, root or policy that cannot be read. */
  | { code: "bad-key"; path: string }
  | { code: "bad-root"; path: string }
  | { code: "bad-policy"; path: string; part: string }
  /** The policy asks for what is not known here. */
  | { code: "policy-unsupported"; path: string; part: string };
