/**
 * What refers to an image: signatures, lists of software, provenance.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#image-manifest-property-descriptions}
 */

import { REF_NAME } from "./annotations.ts";
import { parseDigest } from "./digest.ts";
import { isManifest } from "./media_types.ts";
import type { Descriptor, Document, Manifest } from "./types.ts";

/** Says in an `index.json` what a manifest refers to; loaders make no image of it. */
export const SUBJECT = "io.containerd.manifest.subject";
/** Says in an `index.json` of cosign's what a manifest is. */
const KIND = "kind";
const COSIGN = "dev.cosignproject.cosign/";
/** What older versions of cosign put behind a digest to make a tag. */
const SUFFIXES = { sig: "sigs", att: "atts", sbom: "sboms" } as const;

/** What is said to refer to something, before it is looked at. */
export interface ReferrerEntry {
  /** Its manifest. */
  descriptor: Descriptor;
  /** The digest that it is said to refer to. */
  subject: string;
  /** Its tag, where nothing in it says what it refers to, as with older cosign. */
  tag?: string;
}

/** What refers to something, with its manifest, verified. */
export interface Referrer extends ReferrerEntry {
  /** Its manifest as it is stored. */
  document: Document;
  /** The same, parsed. */
  manifest: Manifest;
  /** What it is: its `artifactType`, or else the type of its configuration. */
  artifactType: string;
}

/** What goes along with an image that says something of it. */
export interface Proofs {
  /** What refers to the image, and what refers to that. */
  referrers: readonly Referrer[];
  /**
   * The indexes as their registry has them, where others stand in their place:
   * what is signed is mostly one of these.
   */
  originals: readonly Document[];
}

/** The tags by which older versions of cosign find what refers to a digest. */
export function cosignTags(digest: string): string[] {
  const { algorithm, hex } = parseDigest(digest);
  return Object.keys(SUFFIXES).map((suffix) => `${algorithm}-${hex}.${suffix}`);
}

/** The digest in a tag of cosign's, or of a list of referrers. */
export function digestOfTag(tag: string): string | undefined {
  const [, algorithm, hex] =
    /^(sha256|sha512)-([0-9a-f]{64,128})(?:\.(?:sig|att|sbom))?$/.exec(tag) ??
      [];
  return algorithm && `${algorithm}:${hex}`;
}

/** An entry of an `index.json` for what refers to something else there. */
export function referrerEntry(
  { document, subject, tag }: Referrer,
): Descriptor {
  const { mediaType, digest, size } = document.descriptor;
  const [, suffix] = /\.(sig|att|sbom)$/.exec(tag ?? "") ?? [];
  const kind = suffix && SUFFIXES[suffix as keyof typeof SUFFIXES];
  const annotations: Record<string, string> = { [SUBJECT]: subject };
  if (kind) annotations[KIND] = COSIGN + kind;
  return { mediaType, digest, size, annotations };
}

/** What an entry of an `index.json` is said to refer to; nothing for an image. */
export function subjectOfEntry(
  { annotations = {}, digest, mediaType, size }: Descriptor,
  refName: string | undefined,
): ReferrerEntry | undefined {
  const kind = annotations[KIND];
  const suffix = Object.entries(SUFFIXES)
    .find(([, name]) => kind === COSIGN + name)?.[0];
  const tag = refName?.split(/[:@/]/).at(-1) ?? "";
  const tagged = digestOfTag(tag);
  const subject = annotations[SUBJECT] ?? tagged;
  // A list of referrers is an index, and is read apart.
  if (subject === undefined || !isManifest(mediaType)) return undefined;
  const descriptor = { mediaType, digest, size };
  if (suffix !== undefined) {
    return {
      descriptor,
      subject,
      tag: subject.replace(":", "-") + `.${suffix}`,
    };
  }
  return { descriptor, subject, tag: tagged && tag };
}

/** Whether an entry of an `index.json` is no image, but says something of one. */
export function isReferrer(entry: Descriptor): boolean {
  const { annotations } = entry;
  if (annotations?.[SUBJECT] !== undefined) return true;
  if (typeof annotations?.[REF_NAME] !== "string") {
    return annotations?.[KIND] === `${COSIGN}sigs` ||
      annotations?.[KIND] === `${COSIGN}atts`;
  }
  const tag = annotations[REF_NAME].split(/[:@/]/).at(-1) ?? "";
  return digestOfTag(tag) !== undefined && /[-.]/.test(tag);
}
