/** Looks at every signature of an image, and at what each of them proves. */

import {
  ArchiveError,
  ContentMismatchError,
  InvalidDocumentError,
  RegistryError,
  SignatureError,
} from "../image/errors.ts";
import { parseIndex, parseManifest } from "../image/manifest.ts";
import { isIndex } from "../image/media_types.ts";
import type { Referrer } from "../image/referrer.ts";
import type { RefusedSignature } from "../image/signature_error.ts";
import type { SignatureProblem } from "../image/signature_problems.ts";
import type { Descriptor, Document } from "../image/types.ts";
import { openReferrers } from "../copy/sets/referrers.ts";
import type { OfferedImage } from "../copy/pull_options.ts";
import { BUNDLE, verifyBundle } from "./bundle.ts";
import { PREDICATE_TYPE, SIGN } from "./dsse.ts";
import { JOSE, NOTATION, verifyNotation } from "./notation.ts";
import { Refusal, shown } from "./reading.ts";
import { SIMPLE_SIGNING, verifySimpleSigning } from "./simple_signing.ts";
import type { Evidence, Trust } from "./trust.ts";

/** An index in an index in an index is enough. */
const MAX_DEPTH = 4;
/** So many signatures of one manifest are looked at. */
const MAX_LAYERS = 100;

/** A signature that counts, and what it is over. */
export interface VerifiedSignature extends Evidence {
  /** The digest of its manifest. */
  digest: string;
  /** What was signed: the image's own manifest, or an index above it. */
  signed: string;
}

/** Says why a signature does not count. */
export type Judge = (evidence: Evidence) => SignatureProblem | undefined;

/** What was found of an image's signatures. */
export interface Examined {
  /** Those that count, of the whole image or of a part. */
  signatures: VerifiedSignature[];
  /** Those that do not, and why. */
  refused: RefusedSignature[];
  /** What is wrong, where the image is not signed as a whole. */
  problem?: SignatureProblem;
}

/**
 * Looks at all signatures of an image.
 *
 * @param image The image, all documents of which are verified.
 * @param judge Says why one does not count that is made by who is believed.
 * @throws {DockerPullError} If its place cannot be asked.
 */
export async function examine(
  image: OfferedImage,
  trust: Trust,
  judge: Judge = () => undefined,
): Promise<Examined> {
  const { top, manifests, source, signal } = image;
  if (trust.root) {
    // Roots that are none are told of, whatever there is to verify by them.
    const { openRoot } = await import("./keyless.ts");
    await openRoot(trust.root);
  }
  const signatures: VerifiedSignature[] = [];
  const refused: RefusedSignature[] = [];
  const seen = new Set<string>();
  const digests = new Set(
    [top, ...manifests].map(({ descriptor }) => descriptor.digest),
  );
  for (const asked of digests) {
    const found = await openReferrers(source, asked, signal);
    for (const referrer of found.referrers) {
      const { digest } = referrer.document.descriptor;
      if (seen.has(digest)) continue;
      seen.add(digest);
      for (const attempt of attemptsOf(referrer, image, trust)) {
        try {
          const evidence = await attempt();
          const fault = judge(evidence);
          if (fault) throw new Refusal(fault);
          signatures.push({ ...evidence, digest, signed: referrer.subject });
        } catch (error) {
          refused.push({ digest, problem: problemOf(error) });
        }
      }
    }
    // A lie of the list's about one that is there does not count.
    for (const { entry, subject } of found.strangers) {
      const { digest } = entry.descriptor;
      if (seen.has(digest)) continue;
      seen.add(digest);
      const own = subject === undefined ? undefined : shown(subject);
      refused.push({
        digest,
        problem: { code: "other-subject", subject: own },
      });
    }
    for (const code of ["malformed", "damaged"] as const) {
      for (const { descriptor: { digest } } of found[code]) {
        if (seen.has(digest)) continue;
        seen.add(digest);
        refused.push({ digest, problem: { code, part: "manifest" } });
      }
    }
  }
  const problem = await problemWith(image, signatures, refused);
  return { signatures, refused, problem };
}

/** The signatures in a manifest; none where it is something else. */
function attemptsOf(
  { artifactType, manifest, document, subject }: Referrer,
  { top, source, signal }: OfferedImage,
  trust: Trust,
): (() => Promise<Evidence>)[] {
  const { layers, annotations = {} } = manifest;
  const types = [artifactType, ...layers.map(({ mediaType }) => mediaType)];
  const read = async (layer: Descriptor | undefined) => {
    if (!layer) throw new Refusal({ code: "no-envelope" });
    return (await source.fetchSmallBlob(layer, { signal })).bytes;
  };
  const only = async () => {
    if (layers.length > 1) throw new Refusal({ code: "several-signatures" });
    return await read(layers[0]);
  };
  if (types.some((type) => BUNDLE.test(type))) {
    const predicate = annotations[PREDICATE_TYPE];
    // An attestation says something else, and is no signature.
    if (predicate !== undefined && predicate !== SIGN) return [];
    return [async () => {
      return await verifyBundle(await only(), subject, trust, annotations);
    }];
  }
  if (types.includes(SIMPLE_SIGNING)) {
    return layers.slice(0, MAX_LAYERS).map((layer) => async () => {
      if (layer.mediaType !== SIMPLE_SIGNING) {
        const type = shown(layer.mediaType);
        throw new Refusal({ code: "bundle-type", type });
      }
      const { annotations = {} } = layer;
      const payload = await read(layer);
      return await verifySimpleSigning(payload, subject, annotations, trust);
    });
  }
  if (artifactType === NOTATION) {
    return [async () => {
      const bytes = await only();
      const [{ mediaType } = document.descriptor] = layers;
      if (mediaType !== JOSE) {
        throw new Refusal({ code: "bundle-type", type: shown(mediaType) });
      }
      const { descriptor } = subject === top.descriptor.digest
        ? top
        : await source.fetchManifest(subject, { signal });
      return verifyNotation(bytes, descriptor, trust);
    }];
  }
  return [];
}

/** Why a signature does not count; what is about its place is thrown again. */
function problemOf(error: unknown): SignatureProblem {
  if (error instanceof Refusal) return error.problem;
  const isGone = error instanceof ArchiveError ||
    error instanceof RegistryError && error.status === 404;
  if (isGone || error instanceof ContentMismatchError) {
    return { code: "damaged", part: "layer" };
  }
  if (error instanceof InvalidDocumentError) {
    return { code: "malformed", part: "layer" };
  }
  throw error;
}

/** Why an image is not signed as a whole, unless it is. */
async function problemWith(
  image: OfferedImage,
  signatures: readonly VerifiedSignature[],
  refused: readonly RefusedSignature[],
): Promise<SignatureProblem | undefined> {
  if (signatures.length === 0) {
    return refused[0]?.problem ?? { code: "no-signature" };
  }
  const signed = new Set(signatures.map(({ signed }) => signed));
  if (signed.has(image.top.descriptor.digest)) return undefined;
  const below = new Map<string, Document | undefined>();
  for (const digest of signed) await collect(image, digest, below, MAX_DEPTH);
  for (const manifest of image.manifests) {
    if (below.has(manifest.descriptor.digest)) continue;
    if ([...below.values()].some((each) => each && isSame(each, manifest))) {
      continue;
    }
    const [first] = signed;
    return below.size > 0
      ? { code: "not-below", signed: first! }
      : { code: "signed-not-there", signed: first! };
  }
  return image.manifests.length > 0 ? undefined : { code: "no-signature" };
}

/** All that is below a digest, as far as its documents are there. */
async function collect(
  image: OfferedImage,
  digest: string,
  below: Map<string, Document | undefined>,
  depth: number,
): Promise<void> {
  if (depth === 0 || below.has(digest)) return;
  const { source, signal, manifests } = image;
  const known = manifests.find((each) => each.descriptor.digest === digest);
  const document = known ??
    await source.fetchManifest(digest, { signal }).catch((error) => {
      const problem = problemOf(error);
      return problem.code === "damaged" ? undefined : Promise.reject(error);
    });
  if (!document) return;
  below.set(digest, document);
  if (!isIndex(document.descriptor.mediaType)) return;
  for (const entry of parseIndex(document).manifests) {
    await collect(image, entry.digest, below, depth - 1);
    // What is not there is below it all the same, and proves its digest.
    if (!below.has(entry.digest)) below.set(entry.digest, undefined);
  }
}

/** Whether two manifests name the same, as where one was made OCI's. */
function isSame(one: Document, other: Document): boolean {
  if (
    isIndex(one.descriptor.mediaType) || isIndex(other.descriptor.mediaType)
  ) return false;
  const parts = (document: Document) => {
    const { config, layers } = parseManifest(document);
    return [config, ...layers].map(({ digest }) => digest).join();
  };
  return parts(one) === parts(other);
}

/**
 * Fails unless an image is signed as a whole.
 *
 * @throws {SignatureError} If it is not.
 */
export function refuseUnsigned(
  name: string,
  { problem, refused }: Examined,
): void {
  if (problem) throw new SignatureError(name, problem, refused);
}
