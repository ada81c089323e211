/** Images signed by the real programs, and by whoever forges here. */

import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { readFileSync } from "node:fs";
import type { ImageSource } from "../../lib/image/image_source.ts";
import { ArchiveError } from "../../lib/image/errors.ts";
import { verifyBytes } from "../../lib/image/digest.ts";
import { documentMediaType, parseIndex } from "../../lib/image/manifest.ts";
import { OCI_MANIFEST } from "../../lib/image/media_types.ts";
import type { ReferrerEntry } from "../../lib/image/referrer.ts";
import type { Descriptor, Document } from "../../lib/image/types.ts";
import { examine, type Examined } from "../../lib/proofs/examine.ts";
import { readTrust } from "../../lib/proofs/signature_options.ts";
import type { SignatureTrust } from "../../lib/proofs/signature_options.ts";

function readJson<T>(name: string): T {
  return JSON.parse(
    readFileSync(new URL(`files/${name}`, import.meta.url), "utf8"),
  );
}

/** Made by cosign and notation themselves. */
export const SIGNED = readJson<{
  index: string;
  keys: Record<string, string>;
  signatures: Record<string, { bundle: string; signature: string }>;
  notation: { manifest: string; certificate: string; now: string };
  blobs: Record<string, string>;
}>("signed.json");

/** Certificates of a small authority. */
export const CERTIFICATES = readJson<
  & Record<"root" | "other", string>
  & Record<
    "signer" | "server" | "agreement",
    { certificate: string; key: string }
  >
>("certificates.json");

/** Bundles of Sigstore's own tests of conformance. */
export const KEYLESS = readJson<
  Record<string, { bundle: Record<string, unknown>; root: string }>
>("keyless.json");

/** Who has signed these. */
export const IDENTITY =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
export const ISSUER = "https://token.actions.githubusercontent.com";

const encoder = new TextEncoder();

/** A digest of bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Bytes of a value as JSON. */
export function json(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(value));
}

/** A place in memory with an image, and what refers to it. */
export class World {
  /** What is there, by its digest. */
  readonly blobs = new Map(
    Object.entries(SIGNED.blobs).map(([digest, text]) => [
      digest,
      new Uint8Array(Buffer.from(text, "base64")),
    ]),
  );
  /** What is said to refer to what. */
  entries: ReferrerEntry[] = [];

  /** Keeps bytes. */
  put(bytes: Uint8Array<ArrayBuffer>, mediaType: string): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** A descriptor of what is there. */
  descriptor(digest: string, mediaType = OCI_MANIFEST): Descriptor {
    return { mediaType, digest, size: this.blobs.get(digest)!.length };
  }

  /** Says that a manifest refers to the index. */
  refer(descriptor: Descriptor, more: Partial<ReferrerEntry> = {}): this {
    this.entries.push({ descriptor, subject: SIGNED.index, ...more });
    return this;
  }

  /** The place as a source. */
  get source(): ImageSource {
    const bytesOf = async (descriptor: Descriptor) => {
      const bytes = this.blobs.get(descriptor.digest);
      if (!bytes) {
        const { digest: name } = descriptor;
        throw new ArchiveError("world", { code: "missing-file", name });
      }
      if (descriptor.size >= 0) await verifyBytes(bytes, descriptor);
      return bytes;
    };
    const fetchManifest = async (target: string | Descriptor) => {
      const digest = typeof target === "string" ? target : target.digest;
      const size = typeof target === "string" ? -1 : target.size;
      const bytes = await bytesOf({ mediaType: "", digest, size });
      const mediaType = documentMediaType(bytes, null, digest);
      return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
    };
    return {
      fetchManifest,
      resolve: async (target) => (await fetchManifest(target)).descriptor,
      fetchSmallBlob: async (descriptor) => ({
        descriptor,
        bytes: await bytesOf(descriptor),
      }),
      fetchBlob: () => Promise.reject(new Error("a layer is asked for")),
      tags: () => Promise.resolve([]),
      referrers: (digest) =>
        Promise.resolve(
          this.entries.filter(({ subject }) => subject === digest),
        ),
    };
  }

  /** What is found of the image's signatures. */
  async examine(
    trust: SignatureTrust,
    digest: string = SIGNED.index,
  ): Promise<Examined> {
    const { source } = this;
    const top = await source.fetchManifest(digest);
    const manifests = await this.manifests(top);
    const reference = { registry: "r.test", repository: "app", tag: "1" };
    return await examine(
      { reference, top, manifests, source },
      readTrust(trust),
    );
  }

  /** The manifests of an index. */
  async manifests(top: Document): Promise<Document[]> {
    if (top.descriptor.mediaType === OCI_MANIFEST) return [top];
    const entries = parseIndex(top).manifests
      .filter(({ digest }) => this.blobs.has(digest));
    return await Promise.all(
      entries.map((entry) => this.source.fetchManifest(entry)),
    );
  }
}

/** A key pair of this run. */
export const FORGER = generateKeyPairSync("ec", { namedCurve: "P-256" });
/** The same as PEM. */
export const FORGER_KEY = {
  path: "forger.pub",
  text: FORGER.publicKey.export({ format: "pem", type: "spki" }) as string,
};

/** Whom to believe what is signed here, with a key and as notation does. */
export const TRUST = {
  keys: [FORGER_KEY],
  notationCertificates: [{ path: "root", text: CERTIFICATES.root }],
  // Whatever the clock of this machine says.
  now: () => Date.parse("2027-01-01T00:00:00Z"),
} satisfies SignatureTrust;

/** What a bundle may be told to be in place of what it should. */
export interface BundleForm {
  digest?: string;
  statement?: Record<string, unknown>;
  rawStatement?: Uint8Array<ArrayBuffer>;
  payloadType?: string;
  bundle?: Record<string, unknown>;
  envelope?: Record<string, unknown>;
  hint?: string;
  privateKey?: KeyObject;
}

/** A bundle as cosign makes it. */
export function bundleOf(form: BundleForm = {}): Uint8Array<ArrayBuffer> {
  const { digest = SIGNED.index, privateKey = FORGER.privateKey } = form;
  const { payloadType = "application/vnd.in-toto+json" } = form;
  const payload = form.rawStatement ?? json({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: digest.slice(7) }, annotations: {} }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
    ...form.statement,
  });
  const head = encoder.encode(
    `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `,
  );
  const sig = sign("sha256", Buffer.concat([head, payload]), privateKey);
  const der = createPublicKey(privateKey).export({
    format: "der",
    type: "spki",
  });
  const hint = createHash("sha256").update(der).digest("base64");
  return json({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: form.hint ?? hint } },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString("base64"),
      payloadType,
      signatures: [{ sig: sig.toString("base64") }],
      ...form.envelope,
    },
    ...form.bundle,
  });
}

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** Puts a manifest of a bundle that refers to the index. */
export function withBundle(
  bytes: Uint8Array<ArrayBuffer>,
  manifest: Record<string, unknown> = {},
): World {
  const world = new World();
  return world.refer(world.put(
    json({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: BUNDLE,
      config: {
        ...world.put(json({}), "application/vnd.oci.empty.v1+json"),
      },
      layers: [world.put(bytes, BUNDLE)],
      subject: world.descriptor(
        SIGNED.index,
        "application/vnd.oci.image.index.v1+json",
      ),
      ...manifest,
    }),
    OCI_MANIFEST,
  ));
}

/** A signature of older cosign, under its tag. */
export function withSimple(
  payload: Record<string, unknown> | Uint8Array<ArrayBuffer>,
  annotations: Record<string, string> = {},
): World {
  const world = new World();
  const bytes = payload instanceof Uint8Array ? payload : json(payload);
  const sig = sign("sha256", bytes, FORGER.privateKey).toString("base64");
  const type = "application/vnd.dev.cosign.simplesigning.v1+json";
  return world.refer(
    world.put(
      json({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: world.put(json({}), "application/vnd.oci.image.config.v1+json"),
        layers: [{
          ...world.put(bytes, type),
          annotations: {
            "dev.cosignproject.cosign/signature": sig,
            ...annotations,
          },
        }],
      }),
      OCI_MANIFEST,
    ),
    { tag: `${SIGNED.index.replace(":", "-")}.sig` },
  );
}

/** What older cosign signs. */
export function simplePayload(digest: string = SIGNED.index) {
  return {
    critical: {
      identity: { "docker-reference": "r.test/app" },
      image: { "docker-manifest-digest": digest },
      type: "cosign container image signature",
    },
    optional: null,
  };
}

/** What a JWS may be told to be in place of what it should. */
export interface JwsForm {
  head?: Record<string, unknown>;
  target?: Record<string, unknown>;
  header?: Record<string, unknown>;
  signer?: { certificate: string; key: string };
  chain?: string[];
  type?: string;
  change?: (jws: Record<string, unknown>) => void;
}

/** A signature of notation. */
export function withJws(form: JwsForm = {}): World {
  const world = new World();
  const { signer = CERTIFICATES.signer } = form;
  const text = (value: unknown) =>
    Buffer.from(json(value)).toString("base64url");
  const { size } = world.descriptor(SIGNED.index);
  const head = text({
    alg: "ES256",
    crit: ["io.cncf.notary.signingScheme"],
    cty: "application/vnd.cncf.notary.payload.v1+json",
    "io.cncf.notary.signingScheme": "notary.x509",
    "io.cncf.notary.signingTime": "2026-11-28T09:00:00Z",
    ...form.head,
  });
  const payload = text({
    targetArtifact: {
      mediaType: "application/vnd.oci.image.index.v1+json",
      digest: SIGNED.index,
      size,
      ...form.target,
    },
  });
  const signature = sign("sha256", encoder.encode(`${head}.${payload}`), {
    key: signer.key,
    dsaEncoding: "ieee-p1363",
  }).toString("base64url");
  const chain = form.chain ?? [signer.certificate, CERTIFICATES.root];
  const x5c = chain.map((pem) => pem.replace(/-----[^-]+-----|\s/g, ""));
  const jws: Record<string, unknown> = {
    payload,
    protected: head,
    header: { x5c, ...form.header },
    signature,
  };
  form.change?.(jws);
  return world.refer(world.put(
    json({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: world.put(json({}), "application/vnd.cncf.notary.signature"),
      layers: [world.put(json(jws), form.type ?? "application/jose+json")],
      subject: world.descriptor(
        SIGNED.index,
        "application/vnd.oci.image.index.v1+json",
      ),
    }),
    OCI_MANIFEST,
  ));
}
