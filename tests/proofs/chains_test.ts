/** Chains of certificates that no authority should have issued. */

import { assert } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { test } from "../harness.ts";
import {
  authorityOf,
  certificate,
  type CertificateForm,
  extendedUsage,
  type Extension,
  identifier,
  pem,
  sequence,
  usage,
} from "./der.ts";
import { CERTIFICATES, withJws } from "./world.ts";

const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const ROOT = keys();
const MIDDLE = keys();
const SIGNER = keys();
const OTHER = keys();
const AUTHORITY = [authorityOf(), usage(5, 6)];
const LEAF = [usage(0), extendedUsage(3)];

type Form = Partial<CertificateForm>;

function root(form: Form = {}): string {
  return pem(certificate({
    subject: "root",
    issuer: "root",
    publicKey: ROOT.publicKey,
    issuerKey: ROOT.privateKey,
    extensions: AUTHORITY,
    ...form,
  }));
}

function middle(form: Form = {}): string {
  return root({ subject: "middle", publicKey: MIDDLE.publicKey, ...form });
}

function leaf(form: Form = {}): string {
  return pem(certificate({
    subject: "signer",
    issuer: "root",
    publicKey: SIGNER.publicKey,
    issuerKey: ROOT.privateKey,
    extensions: LEAF,
    ...form,
  }));
}

const belowMiddle: Form = { issuer: "middle", issuerKey: MIDDLE.privateKey };
const odd = generateKeyPairSync("ed25519").publicKey;
const bitcoin = sequence(
  sequence(identifier("1.2.840.10045.2.1"), identifier("1.3.132.0.10")),
  Uint8Array.from([3, 66, 0, 4]),
  Buffer.from(
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" +
      "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    "hex",
  ),
);
const unknown = sequence(
  sequence(identifier("1.2.3.4.5")),
  Uint8Array.from([3, 3, 0, 1, 2]),
);
const broken = sequence(
  sequence(identifier("1.2.840.10045.2.1"), identifier("1.2.840.10045.3.1.7")),
  Uint8Array.from([3, 3, 0, 4, 2]),
);
const strange: Extension = {
  id: "1.2.3.4",
  critical: true,
  value: Uint8Array.from([5, 0]),
};
const over = new Date("2026-06-01");
const ROOT_TEXT = root();
const ALONE = leaf({ issuer: "signer", issuerKey: SIGNER.privateKey });
const OVER = root({ to: over });
const NARROW = root({ extensions: [authorityOf(0), usage(5, 6)] });

/** Chains, what is trusted unless it is the root, and why they do not count. */
const CHAINS: [
  name: string,
  chain: string[],
  code: string | undefined,
  ...trusted: string[],
][] = [
  ["a leaf and its root", [leaf(), ROOT_TEXT], undefined],
  ["an authority between", [leaf(belowMiddle), middle(), ROOT_TEXT], undefined],
  ["a chain up to below what is trusted", [leaf()], "untrusted"],
  ["a leaf that is trusted itself", [ALONE], undefined, ALONE],
  [
    "a root that is over, and has nothing to do with it",
    [leaf(), ROOT_TEXT],
    undefined,
    CERTIFICATES.other,
    root({ subject: "old", issuer: "old", to: over }),
    ROOT_TEXT,
  ],
  [
    "a trusted root that is over",
    [leaf(), root({ to: over })],
    "untrusted",
  ],
  [
    "a root that was trusted until it was over",
    [leaf(), OVER],
    "expired",
    OVER,
  ],
  [
    "a root of the same name and another key",
    [leaf({ issuerKey: OTHER.privateKey }), ROOT_TEXT],
    "untrusted",
  ],
  ["a chain the wrong way round", [ROOT_TEXT, leaf()], "bad-signature"],
  [
    "a chain with a stranger in it",
    [leaf(), middle(), ROOT_TEXT],
    "untrusted",
  ],
  [
    "a signature with SHA-1",
    [leaf({ digest: "sha1" }), ROOT_TEXT],
    "algorithm",
  ],
  [
    "a leaf that issues leaves",
    [
      leaf({ issuer: "signer", issuerKey: SIGNER.privateKey }),
      leaf(),
      ROOT_TEXT,
    ],
    "certificate-usage",
  ],
  [
    "an authority that may not issue",
    [
      leaf(belowMiddle),
      middle({ extensions: [authorityOf(), usage(0, 6)] }),
      ROOT_TEXT,
    ],
    "certificate-usage",
  ],
  [
    "an authority where there may be none below",
    [
      leaf(belowMiddle),
      middle(),
      NARROW,
    ],
    "certificate-usage",
    NARROW,
  ],
  [
    "something critical that nobody knows",
    [leaf({ extensions: [...LEAF, strange] }), ROOT_TEXT],
    "critical",
  ],
  [
    "something critical of an authority",
    [
      leaf(belowMiddle),
      middle({ extensions: [...AUTHORITY, strange] }),
      ROOT_TEXT,
    ],
    "critical",
  ],
  [
    "a leaf for times",
    [leaf({ extensions: [usage(0), extendedUsage(8)] }), ROOT_TEXT],
    "certificate-usage",
  ],
  [
    "a leaf that says nothing of its use",
    [leaf({ extensions: [] }), ROOT_TEXT],
    "certificate-usage",
  ],
  ["a leaf without a subject", [leaf({ subject: "" }), ROOT_TEXT], undefined],
  [
    "a leaf that ends at no time",
    [leaf({ to: new Date(NaN) }), ROOT_TEXT],
    // Some runtimes take it for no certificate.
    "expired|malformed",
  ],
  ["a leaf of Ed25519", [leaf({ publicKey: odd }), ROOT_TEXT], "algorithm"],
  [
    "a leaf of a curve that nobody here has",
    [leaf({ publicKey: bitcoin }), ROOT_TEXT],
    // Not every runtime knows it.
    "algorithm|weak-key",
  ],
  [
    "a leaf with a key of no kind",
    [leaf({ publicKey: unknown }), ROOT_TEXT],
    "weak-key",
  ],
  [
    "a leaf with a point that is none",
    [leaf({ publicKey: broken }), ROOT_TEXT],
    "weak-key",
  ],
  [
    "an authority with a key of no kind",
    [leaf(belowMiddle), middle({ publicKey: unknown }), ROOT_TEXT],
    "weak-key",
  ],
  [
    "more certificates than anybody has",
    [leaf(), ...Array.from({ length: 11 }, () => ROOT_TEXT)],
    "malformed",
  ],
];

for (const [name, chain, code, ...trusted] of CHAINS) {
  test(`notation's chain of ${name}: ${code ?? "it counts"}`, async () => {
    const key = SIGNER.privateKey.export({ format: "pem", type: "pkcs8" });
    const signer = { certificate: chain[0]!, key: key as string };
    const store = trusted.length > 0 ? trusted : [ROOT_TEXT];
    const { problem } = await withJws({ signer, chain }).examine({
      notationCertificates: store.map((text) => ({ path: "store", text })),
      now: () => Date.parse("2026-11-28T09:00:00Z"),
    });
    const codes: unknown[] = code?.split("|") ?? [undefined];
    assert(codes.includes(problem?.code), problem?.code);
  });
}
