/** Verifies the signatures of what lies in a file, or in a registry. */

import type { Held } from "../copy/sources/held.ts";
import { LocalSource } from "../copy/sources/local.ts";
import { findPlace, openLocalPlace } from "../copy/places/open_places.ts";
import {
  formatPlace,
  type LocalPlace,
  type Place,
} from "../copy/places/places.ts";
import type { OfferedImage } from "../copy/pull_options.ts";
import { ArchiveError, PlaceError } from "../image/errors.ts";
import type { HeldImage } from "../image/held_image.ts";
import type { ImageSource } from "../image/image_source.ts";
import { parseIndex } from "../image/manifest.ts";
import { isIndex } from "../image/media_types.ts";
import { checkOptions, type Rules, SIGNAL } from "../image/options.ts";
import { isAttestation } from "../image/platform.ts";
import { formatReference, type Reference } from "../image/reference.ts";
import type { RefusedSignature } from "../image/signature_error.ts";
import type { SignatureProblem } from "../image/signature_problems.ts";
import type { Document } from "../image/types.ts";
import { withFetch } from "../net/transport.ts";
import { openSource } from "../registry/mirrors/mirrors.ts";
import {
  MIRROR_RULES,
  type MirrorOptions,
} from "../registry/mirrors/options.ts";
import { examine, type VerifiedSignature } from "./examine.ts";
import { withOthers } from "./hidden_images.ts";
import {
  readTrust,
  type SignatureTrust,
  TRUST_RULES,
} from "./signature_options.ts";

/** How signatures are verified: whom to believe, and how a registry is reached. */
export interface VerifySignaturesOptions
  extends SignatureTrust, Partial<Omit<MirrorOptions, "now">> {
  /** Ends the work; it then throws the signal's reason. */
  signal?: AbortSignal;
}

/** An image, and who has signed it. */
export interface SignedImage {
  /** What it is called. */
  names: string[];
  /** The digest of what the name stands for. */
  digest: string;
  /** The signatures that count. */
  signatures: VerifiedSignature[];
  /** Those that do not, and why. */
  refused: RefusedSignature[];
  /** What is wrong, where it is not signed as a whole by who is believed. */
  problem?: SignatureProblem;
}

const RULES: Rules<VerifySignaturesOptions> = {
  ...MIRROR_RULES,
  ...TRUST_RULES,
  signal: SIGNAL,
};

/**
 * Verifies the signatures of all images of a file or a layout, or of an image
 * in a registry. Nothing but a registry is asked: what cannot be checked without
 * that is told.
 *
 * The digests of what is signed are followed down to the manifests, and no
 * layer is read: {@linkcode verifyImage} does that.
 *
 * @param place Where, as {@linkcode parsePlace} reads it.
 * @param options Whom to believe, and how.
 * @returns What was found, image by image.
 * @throws {TypeError} If nobody is to be believed.
 * @throws {SignatureError} If a key, root or certificate cannot be read.
 * @throws {PlaceError} If the place is none, or has not what it names.
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is none of what is read.
 * @throws {RegistryError} If the registry refuses.
 * @throws {NetworkError} If it cannot be reached.
 *
 * @example
 * ```ts ignore
 * import { verifySignatures } from "@x/docker-pull";
 * import { readFile } from "node:fs/promises";
 *
 * const path = "cosign.pub";
 * const keys = [{ path, text: await readFile(path, "utf8") }];
 * for (const { names, problem } of await verifySignatures("app.tar", { keys })) {
 *   console.log(names, problem?.code ?? "signed");
 * }
 * ```
 */
export async function verifySignatures(
  place: string | Place,
  options: VerifySignaturesOptions,
): Promise<SignedImage[]> {
  checkOptions("verify signatures", options, RULES);
  const trust = readTrust(options);
  const found = typeof place === "string" ? await findPlace(place) : place;
  const look = async (names: string[], image: OfferedImage) => ({
    names,
    digest: image.top.descriptor.digest,
    ...await examine(image, trust),
  });
  switch (found.kind) {
    case "registry":
      return await inRegistry(found.reference, options, look);
    case "registry-path":
    case "docker-daemon":
      throw new PlaceError(formatPlace(found), { code: "not-a-source" });
    default:
      return await inFile(found, options.signal, look);
  }
}

type Look = (names: string[], image: OfferedImage) => Promise<SignedImage>;

async function inRegistry(
  reference: Reference,
  options: VerifySignaturesOptions,
  look: Look,
): Promise<SignedImage[]> {
  const { signal } = options;
  return await withFetch(options.fetch, async (fetch) => {
    const source = openSource(reference, options, fetch);
    const top = await source.fetchManifest(
      reference.digest ?? reference.tag!,
      { signal },
    );
    const manifests = isIndex(top.descriptor.mediaType) ? [] : [top];
    const image = { reference, top, manifests, source, signal };
    const signed = await look([formatReference(reference)], image);
    if (!signed.problem || manifests.length > 0) return [signed];
    // Each platform may be signed by itself.
    const parts = await manifestsOf(top, source, signal);
    return [
      await look([formatReference(reference)], { ...image, manifests: parts }),
    ];
  });
}

async function inFile(
  place: LocalPlace,
  signal: AbortSignal | undefined,
  look: Look,
): Promise<SignedImage[]> {
  const { held, images } = await openLocalPlace(place, { signal });
  try {
    const found: SignedImage[] = [];
    const seen = new Set<string>();
    const add = async (image: HeldImage, held: Held) => {
      const reference = image.reference ?? nameless(image);
      const source = new LocalSource(held, reference);
      const { descriptor, names } = image;
      const top = await source.fetchManifest(descriptor.digest, { signal });
      const manifests = await manifestsOf(top, source, signal);
      for (const { descriptor } of manifests) seen.add(descriptor.digest);
      found.push(
        await look(names, { reference, top, manifests, source, signal }),
      );
    };
    for (const image of images) await add(image, held);
    if (place.kind === "file") {
      await withOthers(place, held, signal, async (image, own) => {
        if (!seen.has(image.descriptor.digest)) await add(image, own);
      });
    }
    return found;
  } finally {
    await held.close();
  }
}

/** The manifests of those platforms that are there. */
async function manifestsOf(
  top: Document,
  source: ImageSource,
  signal?: AbortSignal,
): Promise<Document[]> {
  if (!isIndex(top.descriptor.mediaType)) return [top];
  const found: Document[] = [];
  for (const entry of parseIndex(top).manifests) {
    if (isAttestation(entry)) continue;
    try {
      const document = await source.fetchManifest(entry, { signal });
      found.push(...await manifestsOf(document, source, signal));
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
    }
  }
  return found;
}

/** An image without a name is known by its digest. */
function nameless({ descriptor: { digest } }: HeldImage): Reference {
  return { registry: "localhost", repository: "image", digest };
}
