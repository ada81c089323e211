/** Each way to forge a signature is refused, each by its own reason. */

import { assertEquals, assertRejects } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { test } from "../harness.ts";
import type { SignatureProblem } from "../../lib/image/signature_problems.ts";
import { SignatureError } from "../../lib/image/errors.ts";
import { verifyKeyless } from "../../lib/proofs/keyless.ts";
import { Refusal } from "../../lib/proofs/reading.ts";
import { readTrust } from "../../lib/proofs/signature_options.ts";
import {
  bundleOf,
  CERTIFICATES,
  FORGER_KEY,
  IDENTITY,
  ISSUER,
  json,
  KEYLESS,
  SIGNED,
  simplePayload,
  TRUST,
  withBundle,
  withJws,
  withSimple,
  World,
} from "./world.ts";

const OTHER = `sha256:${"a".repeat(64)}`;
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const broken = (bytes: Uint8Array, change: (value: unknown) => unknown) =>
  json(change(JSON.parse(text(bytes))));

/** The first of the platforms that are there. */
function platformDigest(): string {
  const { blobs } = new World();
  return JSON.parse(text(blobs.get(SIGNED.index)!)).manifests[0].digest;
}

/** What is forged, how, and why it does not count. */
type Forgery = [string, () => World, SignatureProblem];

const FORGERIES: Forgery[] = [
  ["nothing at all", () => new World(), { code: "no-signature" }],
  [
    "a bundle of another key",
    () => withBundle(bundleOf({ privateKey: stranger })),
    { code: "other-key" },
  ],
  [
    "a bundle of another key that says it is of this one",
    () => {
      const { verificationMaterial } = JSON.parse(text(bundleOf()));
      const { hint } = verificationMaterial.publicKey;
      return withBundle(bundleOf({ privateKey: stranger, hint }));
    },
    { code: "bad-signature" },
  ],
  [
    "a bundle replayed for another digest",
    () => withBundle(bundleOf({ digest: OTHER })),
    { code: "other-digest", signed: OTHER },
  ],
  [
    "a statement swapped under a signature",
    () => {
      const own = JSON.parse(text(bundleOf({ digest: OTHER })));
      const { payload } = JSON.parse(text(bundleOf())).dsseEnvelope;
      return withBundle(
        json({ ...own, dsseEnvelope: { ...own.dsseEnvelope, payload } }),
      );
    },
    { code: "bad-signature" },
  ],
  [
    "a manifest that refers to something else",
    () => {
      const world = new World();
      const { size } = world.descriptor(SIGNED.index);
      const mediaType = "application/vnd.oci.image.index.v1+json";
      return withBundle(bundleOf(), {
        subject: { mediaType, digest: OTHER, size },
      });
    },
    { code: "other-subject", subject: OTHER },
  ],
  [
    "a manifest that refers to nothing",
    () => withBundle(bundleOf(), { subject: undefined }),
    { code: "other-subject", subject: undefined },
  ],
  [
    "a truncated bundle",
    () => withBundle(bundleOf().subarray(0, 300)),
    { code: "malformed", part: "bundle" },
  ],
  [
    "an empty bundle",
    () => withBundle(json({})),
    { code: "bundle-type", type: "" },
  ],
  [
    "a bundle that is not there",
    () => {
      const world = withBundle(bundleOf({ hint: "gone" }));
      for (const [digest, bytes] of world.blobs) {
        if (text(bytes).includes('"gone"')) world.blobs.delete(digest);
      }
      return world;
    },
    { code: "damaged", part: "layer" },
  ],
  [
    "a bundle with other bytes than its digest",
    () => {
      const world = withBundle(bundleOf({ hint: "gone" }));
      for (const [digest, bytes] of world.blobs) {
        if (!text(bytes).includes('"gone"')) continue;
        world.blobs.set(digest, new Uint8Array(bytes.length));
      }
      return world;
    },
    { code: "damaged", part: "layer" },
  ],
  [
    "a bundle downgraded to a type that nobody knows",
    () =>
      withBundle(bundleOf({
        bundle: {
          mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.0",
        },
      })),
    {
      code: "bundle-type",
      type: "application/vnd.dev.sigstore.bundle+json;version=0.0",
    },
  ],
  [
    "a bundle that signs a message, and no statement",
    () =>
      withBundle(bundleOf({
        bundle: { messageSignature: { signature: "AA==" } },
      })),
    { code: "no-envelope" },
  ],
  [
    "an envelope without a signature",
    () => withBundle(bundleOf({ envelope: { signatures: [] } })),
    { code: "no-envelope" },
  ],
  [
    "an envelope with two signatures",
    () =>
      withBundle(broken(bundleOf(), (value) => {
        const bundle = value as {
          dsseEnvelope: { signatures: unknown[] };
        };
        bundle.dsseEnvelope.signatures.push({ sig: "AA==" });
        return bundle;
      })),
    { code: "several-signatures" },
  ],
  [
    "two bundles in one manifest",
    () => {
      const world = new World();
      const type = "application/vnd.dev.sigstore.bundle.v0.3+json";
      const layer = world.put(bundleOf(), type);
      return withBundle(bundleOf(), { layers: [layer, layer] });
    },
    { code: "several-signatures" },
  ],
  [
    "an empty signature",
    () => withBundle(bundleOf({ envelope: { signatures: [{ sig: "" }] } })),
    { code: "malformed", part: "sig" },
  ],
  [
    "a payload of another type",
    () => withBundle(bundleOf({ payloadType: "text/plain" })),
    { code: "payload-type", type: "text/plain" },
  ],
  [
    "a statement of another type",
    () => withBundle(bundleOf({ statement: { _type: "https://a.test" } })),
    { code: "statement-type", type: "https://a.test" },
  ],
  [
    "an attestation in place of a signature",
    () =>
      withBundle(bundleOf({
        statement: { predicateType: "https://slsa.dev/provenance/v1" },
      })),
    { code: "predicate-type", type: "https://slsa.dev/provenance/v1" },
  ],
  [
    "a statement about nothing",
    () => withBundle(bundleOf({ statement: { subject: [] } })),
    { code: "no-subject" },
  ],
  [
    "a statement that can be read in two ways",
    () => {
      const statement = json({
        _type: "https://in-toto.io/Statement/v1",
        subject: [{ digest: { sha256: SIGNED.index.slice(7) } }],
        predicateType: "https://sigstore.dev/cosign/sign/v1",
      });
      const rawStatement = new TextEncoder().encode(
        text(statement).replace('"subject"', '"subject":[],"subject"'),
      );
      return withBundle(bundleOf({ rawStatement }));
    },
    { code: "malformed", part: "payload" },
  ],
  [
    "a certificate where a key is trusted",
    () =>
      withBundle(bundleOf({
        bundle: { verificationMaterial: { certificate: { rawBytes: "AA==" } } },
      })),
    { code: "other-key" },
  ],
  [
    "a .sig for another digest",
    () => withSimple(simplePayload(OTHER)),
    { code: "other-digest", signed: OTHER },
  ],
  [
    "a .sig whose payload is of another type",
    () => {
      const payload = simplePayload();
      payload.critical.type = "something else";
      return withSimple(payload);
    },
    { code: "payload-type", type: "something else" },
  ],
  [
    "a .sig without a signature",
    () =>
      withSimple(simplePayload(), {
        "dev.cosignproject.cosign/signature": "",
      }),
    { code: "malformed", part: "dev.cosignproject.cosign/signature" },
  ],
  [
    "a .sig whose digest stands where nobody signs it",
    () => {
      const { critical } = simplePayload();
      return withSimple({
        critical: { ...critical, image: {} },
        optional: { "docker-manifest-digest": SIGNED.index },
      });
    },
    { code: "no-subject" },
  ],
  [
    "a .sig with two digests",
    () =>
      withSimple(
        new TextEncoder().encode(
          text(json(simplePayload(OTHER))).replace(
            '"docker-manifest-digest"',
            `"docker-manifest-digest":"${SIGNED.index}",` +
              '"docker-manifest-digest"',
          ),
        ),
      ),
    { code: "malformed", part: "payload" },
  ],
  [
    "a JWS without a signature's algorithm",
    () => withJws({ head: { alg: "none" } }),
    { code: "algorithm", algorithm: "none" },
  ],
  [
    "a JWS of an algorithm for secrets",
    () => withJws({ head: { alg: "HS256" } }),
    { code: "algorithm", algorithm: "HS256" },
  ],
  [
    "a JWS of an algorithm that its key does not go with",
    () => withJws({ head: { alg: "ES384" } }),
    { code: "algorithm", algorithm: "ES384" },
  ],
  [
    "a JWS with something critical that is not known",
    () =>
      withJws({
        head: {
          crit: ["io.cncf.notary.signingScheme", "odd"],
          odd: 1,
        },
      }),
    { code: "critical", name: "odd" },
  ],
  [
    "a JWS without what has to be critical",
    () => withJws({ head: { crit: [] } }),
    { code: "critical", name: "io.cncf.notary.signingScheme" },
  ],
  [
    "a JWS whose expiry is not critical",
    () =>
      withJws({ head: { "io.cncf.notary.expiry": "2999-01-01T00:00:00Z" } }),
    { code: "critical", name: "io.cncf.notary.expiry" },
  ],
  [
    "a JWS that is over",
    () =>
      withJws({
        head: {
          crit: ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry"],
          "io.cncf.notary.expiry": "2026-01-01T00:00:00Z",
        },
      }),
    { code: "signature-expired", at: "2026-01-01T00:00:00Z" },
  ],
  [
    "a JWS of another digest",
    () => withJws({ target: { digest: OTHER } }),
    { code: "other-digest", signed: OTHER },
  ],
  [
    "a JWS of another size",
    () => withJws({ target: { size: 1 } }),
    { code: "annotation-differs", name: "targetArtifact" },
  ],
  [
    "a JWS with what has to be signed beside it",
    () => withJws({ header: { alg: "ES256" } }),
    { code: "annotation-differs", name: "alg" },
  ],
  [
    "a JWS whose payload was changed",
    () =>
      withJws({
        change(jws) {
          const payload = Buffer.from(jws.payload as string, "base64url");
          jws.payload = Buffer.from(
            payload.toString().replace("size", "sizE"),
          ).toString("base64url");
        },
      }),
    { code: "bad-signature" },
  ],
  [
    "a JWS with a certificate of a server",
    () => withJws({ signer: CERTIFICATES.server }),
    { code: "certificate-usage" },
  ],
  [
    "a JWS with a certificate that may not sign",
    () => withJws({ signer: CERTIFICATES.agreement }),
    { code: "certificate-usage" },
  ],
  [
    "a JWS with a chain to another root",
    () =>
      withJws({ chain: [CERTIFICATES.signer.certificate, CERTIFICATES.other] }),
    { code: "untrusted" },
  ],
  [
    "a JWS with a leaf that leads nowhere",
    () => withJws({ chain: [CERTIFICATES.signer.certificate] }),
    { code: "untrusted" },
  ],
  [
    "a JWS with no certificates",
    () => withJws({ chain: [] }),
    { code: "malformed", part: "x5c" },
  ],
  [
    "a JWS whose algorithm stands there twice",
    () =>
      withJws({
        change(jws) {
          const head = Buffer.from(jws.protected as string, "base64url");
          jws.protected = Buffer.from(
            head.toString().replace("{", '{"alg":"none",'),
          ).toString("base64url");
        },
      }),
    { code: "malformed", part: "protected" },
  ],
  [
    "a JWS whose payload is not to be read as base64",
    () =>
      withJws({
        head: {
          crit: ["io.cncf.notary.signingScheme", "b64"],
          b64: false,
        },
      }),
    { code: "critical", name: "b64" },
  ],
  [
    "a payload with white space amid its base64",
    () => {
      const { payload } = JSON.parse(text(bundleOf())).dsseEnvelope;
      return withBundle(
        bundleOf({ envelope: { payload: `${payload.slice(0, 8)}\n` } }),
      );
    },
    { code: "malformed", part: "payload" },
  ],
  [
    "a bundle of a depth that breaks readers",
    () => {
      const deep = "[".repeat(200_000) + "]".repeat(200_000);
      const bundle = text(bundleOf()).replace("{", `{"deep":${deep},`);
      return withBundle(new TextEncoder().encode(bundle));
    },
    { code: "malformed", part: "bundle" },
  ],
  [
    "a statement whose type is only inherited",
    () =>
      withBundle(bundleOf({
        rawStatement: new TextEncoder().encode(
          text(json({
            _type: "https://in-toto.io/Statement/v1",
            subject: [{ digest: { sha256: SIGNED.index.slice(7) } }],
          })).replace(
            "{",
            '{"__proto__":{"predicateType":' +
              '"https://sigstore.dev/cosign/sign/v1"},',
          ),
        ),
      })),
    { code: "predicate-type", type: "" },
  ],
  [
    "a statement with the digest in capitals",
    () => {
      const sha256 = SIGNED.index.slice(7).toUpperCase();
      return withBundle(
        bundleOf({ statement: { subject: [{ digest: { sha256 } }] } }),
      );
    },
    {
      code: "other-digest",
      signed: `sha256:${SIGNED.index.slice(7).toUpperCase()}`,
    },
  ],
  [
    "a statement with a digest of another algorithm",
    () =>
      withBundle(bundleOf({
        statement: { subject: [{ digest: { sha512: "a".repeat(128) } }] },
      })),
    { code: "no-subject" },
  ],
  [
    "a .sig whose digest is in a list",
    () => {
      const { critical } = simplePayload();
      return withSimple({ critical: [critical] });
    },
    { code: "malformed", part: "critical" },
  ],
  [
    "a .sig that refers to something else itself",
    () => {
      const world = withSimple(simplePayload());
      const [entry] = world.entries;
      const bytes = world.blobs.get(entry!.descriptor.digest)!;
      const subject = { ...entry!.descriptor, digest: OTHER };
      world.entries = [];
      const told = broken(bytes, (value) => ({ ...value as object, subject }));
      return world.refer(world.put(told, entry!.descriptor.mediaType), {
        tag: entry!.tag,
      });
    },
    { code: "other-subject", subject: OTHER },
  ],
  [
    "a list that names what is not there",
    () =>
      new World().refer({
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: OTHER,
        size: 7,
      }),
    { code: "damaged", part: "manifest" },
  ],
  [
    "a list that lies about a size",
    () => {
      const world = withBundle(bundleOf());
      const [{ descriptor }] = world.entries as [typeof world.entries[0]];
      world.entries = [];
      return world.refer({ ...descriptor, size: descriptor.size + 1 });
    },
    { code: "damaged", part: "manifest" },
  ],
  [
    "a signature of one platform for all of them",
    () => {
      const world = new World();
      const index = JSON.parse(text(world.blobs.get(SIGNED.index)!));
      const [{ digest }] = index.manifests;
      const signed = withBundle(bundleOf({ digest }), {
        subject: world.descriptor(digest),
      });
      for (const entry of signed.entries) entry.subject = digest;
      return signed;
    },
    { code: "not-below", signed: platformDigest() },
  ],
  ...[1, 63, 64, 65, 5000].map((length): Forgery => [
    `a JWS whose signature is ${length} zeros`,
    () =>
      withJws({
        change(jws) {
          jws.signature = Buffer.alloc(length).toString("base64url");
        },
      }),
    { code: "bad-signature" },
  ]),
  ...["3006020100020100", "3000", "00", "30820000", "ff".repeat(5000)].map((
    hex,
  ): Forgery => [
    `a bundle whose signature is ${hex.slice(0, 20)}`,
    () => {
      const sig = Buffer.from(hex, "hex").toString("base64");
      return withBundle(bundleOf({ envelope: { signatures: [{ sig }] } }));
    },
    { code: "bad-signature" },
  ]),
  [
    "a signature of notation in COSE",
    () => withJws({ type: "application/cose" }),
    { code: "bundle-type", type: "application/cose" },
  ],
];

for (const [name, forge, problem] of FORGERIES) {
  test(`${name} is refused for what it is: ${problem.code}`, async () => {
    const found = await forge().examine(TRUST);
    // Of what counts for a part alone, that is told, too.
    const counted = problem.code === "not-below" ? [problem.signed] : [];
    assertEquals(
      [found.signatures.map(({ signed }) => signed), found.problem],
      [counted, problem],
    );
  });
}

test("what is forged does not keep a good signature from counting", async () => {
  for (const [name, forge] of FORGERIES) {
    const world = forge();
    const good = withBundle(bundleOf());
    for (const [digest, bytes] of good.blobs) {
      if (!world.blobs.has(digest)) world.blobs.set(digest, bytes);
    }
    world.entries.push(...good.entries);
    const { problem } = await world.examine(TRUST);
    assertEquals(problem, undefined, name);
  }
});

test("what is said beside a bundle has to be what is signed", async () => {
  const name = "dev.sigstore.bundle.predicateType";
  const world = withBundle(
    bundleOf({ statement: { predicateType: "https://a.test" } }),
    { annotations: { [name]: "https://sigstore.dev/cosign/sign/v1" } },
  );
  assertEquals((await world.examine(TRUST)).problem, {
    code: "predicate-type",
    type: "https://a.test",
  });
});

const bundle = KEYLESS["rekor2-dsse-happy-path"]!;
const keyless = {
  root: bundle.root,
  path: "root.json",
  identity: IDENTITY,
  issuer: ISSUER,
};

// deno-lint-ignore no-explicit-any
type Any = any;

/** What is forged of a signature without a key. */
const OF_LOGS: [string, (bundle: Any) => void, string][] = [
  [
    "a tampered proof of a log",
    ({ verificationMaterial: { tlogEntries: [entry] } }) => {
      const { hashes } = entry.inclusionProof;
      hashes[0] = Buffer.alloc(32).toString("base64");
    },
    "log-proof",
  ],
  [
    "an entry of a log about something else",
    ({ verificationMaterial: { tlogEntries: [entry] } }) => {
      const body = JSON.parse(
        Buffer.from(entry.canonicalizedBody, "base64").toString(),
      );
      body.kind = "odd";
      entry.canonicalizedBody = Buffer.from(JSON.stringify(body))
        .toString("base64");
    },
    "log-proof",
  ],
  [
    "no entry of a log",
    ({ verificationMaterial }) => verificationMaterial.tlogEntries = [],
    "no-log-entry",
  ],
  [
    "no time that somebody vouches for",
    ({ verificationMaterial }) =>
      verificationMaterial.timestampVerificationData = {
        rfc3161Timestamps: [],
      },
    "timestamp",
  ],
  [
    "a payload that was not signed",
    ({ dsseEnvelope }) => {
      const text = Buffer.from(dsseEnvelope.payload, "base64").toString();
      dsseEnvelope.payload = Buffer.from(`${text} `).toString("base64");
    },
    "log-proof",
  ],
];

for (const [name, change, code] of OF_LOGS) {
  test(`${name} is refused for what it is: ${code}`, async () => {
    const forged = structuredClone(bundle.bundle);
    change(forged);
    const error = await assertRejects(
      () => verifyKeyless(forged, keyless),
      Refusal,
    );
    assertEquals(error.problem.code, code);
  });
}

test("a certificate counts for what was signed while it was valid", async () => {
  const { bundle, root } = KEYLESS["intoto-with-custom-trust-root"]!;
  for (
    const [seconds, problem] of [
      [-3600, { code: "not-yet-valid", at: "2023-02-01T00:00:00.000Z" }],
      [86_400, { code: "expired", at: "2023-02-01T00:10:00.000Z" }],
    ] as const
  ) {
    const forged: Any = structuredClone(bundle);
    const { tlogEntries: [entry] } = forged.verificationMaterial;
    entry.integratedTime = String(Number(entry.integratedTime) + seconds);
    const error = await assertRejects(
      () => verifyKeyless(forged, { ...keyless, root }),
      Refusal,
    );
    assertEquals(error.problem, problem);
  }
});

test("a certificate counts for whom it names, and by whose word", async () => {
  for (
    const [differs, problem] of [
      [
        { identity: IDENTITY.slice(0, -1) },
        { code: "identity", identity: IDENTITY.slice(0, 100) },
      ],
      [{ identity: ".*" }, {
        code: "identity",
        identity: IDENTITY.slice(0, 100),
      }],
      [{ issuer: `${ISSUER}.evil.test` }, { code: "issuer", issuer: ISSUER }],
    ] as const
  ) {
    const error = await assertRejects(
      () => verifyKeyless(bundle.bundle, { ...keyless, ...differs }),
      Refusal,
    );
    assertEquals(error.problem, problem);
  }
});

test("roots, keys and certificates that are none are told of", async () => {
  for (const root of ["{", "{}", "[]", '"a"', '{"tlogs":[{}]}']) {
    await assertRejects(
      () => verifyKeyless(bundle.bundle, { ...keyless, root }),
      SignatureError,
      "bad-root",
    );
    // Even where nothing is signed.
    const { identity, issuer, path } = keyless;
    const wrong = {
      trustedRoot: { path, text: root },
      certificateIdentity: identity,
      certificateIssuer: issuer,
    };
    await assertRejects(() => new World().examine(wrong), SignatureError);
  }
  const codeOf = (options: Parameters<typeof readTrust>[0]) => {
    try {
      readTrust(options);
      return undefined;
    } catch (error) {
      return error instanceof SignatureError ? error.code : String(error);
    }
  };
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const pem = weak.export({ format: "pem", type: "spki" }) as string;
  assertEquals(codeOf({ keys: [{ path: "k", text: "" }] }), "bad-key");
  assertEquals(codeOf({ keys: [{ path: "k", text: pem }] }), "weak-key");
  assertEquals(
    codeOf({ notationCertificates: [{ path: "k", text: FORGER_KEY.text }] }),
    "bad-key",
  );
});
