/**
 * The layout's `index.json`: which manifests it names.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file}
 */

import {
  IMAGE_NAME,
  nameAnnotations,
  REF_NAME,
  SOURCE_DIGEST,
} from "../image/annotations.ts";
import { readDescriptors } from "../image/document_fields.ts";
import { InvalidDocumentError } from "../image/errors.ts";
import { type HeldImage, indexedImage } from "../image/held_image.ts";
import { OCI_INDEX } from "../image/media_types.ts";
import { formatPlatform } from "../image/platform.ts";
import { isReferrer } from "../image/referrer.ts";
import type { Descriptor } from "../image/types.ts";

/** An `index.json`, of which others may have written any part. */
interface LayoutIndex {
  /** All its fields. */
  fields: Record<string, unknown>;
  /** Its entries, those of a strange shape included. */
  entries: unknown[];
}

/**
 * Names a manifest. There is one entry for each name and platform; where a
 * name has several, the newest is the one that is found by it. Whatever others
 * have put there stays as it is: other entries, fields and annotations.
 *
 * @param text The present `index.json`, if there is one.
 * @param name The name by which the manifest is asked for, in full.
 * @param manifest The manifest's descriptor, with its platform.
 * @param options The name that loaders are to give it; and the digest that the
 * name stands for where the image is from, which is noted where it is another.
 * @returns The new text.
 * @throws {InvalidDocumentError} If the present one is no index: what it held
 * would be lost.
 */
export function updateLayoutIndex(
  text: string | undefined,
  name: string,
  manifest: Descriptor,
  { imageName = name, sourceDigest }: {
    imageName?: string;
    sourceDigest?: string;
  } = {},
): string {
  const machine = (entry: Descriptor) =>
    entry.platform ? formatPlatform(entry.platform) : "";
  const index = readIndex(text);
  const entries: unknown[] = [];
  let same: Partial<Descriptor> = {};
  for (const entry of index.entries) {
    if (!isDescriptor(entry)) {
      entries.push(entry);
      continue;
    }
    const here = machine(entry) === machine(manifest);
    const asked = entry.annotations?.[REF_NAME];
    const loaded = entry.annotations?.[IMAGE_NAME];
    // What lost its name to another platform is known by the other one.
    if (here && (asked ?? loaded) === (asked ? name : imageName)) {
      // What was said of another manifest is not true of this one.
      if (entry.digest === manifest.digest) same = entry;
      continue;
    }
    const lost = asked === name ? [REF_NAME] : [];
    if (here && loaded === imageName && entry.digest !== manifest.digest) {
      // Loaders would give the name to one and then to the other.
      lost.push(IMAGE_NAME);
    }
    entries.push(lost.length ? without(entry, lost) : entry);
  }
  const annotations: Record<string, string | undefined> = {
    ...same.annotations,
    ...nameAnnotations(imageName, name),
  };
  if (sourceDigest !== undefined) {
    annotations[SOURCE_DIGEST] = sourceDigest === manifest.digest
      ? undefined
      : sourceDigest;
  }
  entries.push({ ...same, ...manifest, annotations });
  const key = (entry: unknown) =>
    isDescriptor(entry) ? `${nameOf(entry)} ${machine(entry)}` : "";
  entries.sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  const updated = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    ...index.fields,
    manifests: entries,
  };
  return `${JSON.stringify(updated, null, 2)}\n`;
}

/**
 * All names in an `index.json`, those for loaders and those to ask by.
 *
 * @throws {InvalidDocumentError} If it is no index.
 */
export function layoutNames(text: string | undefined): Set<string> {
  const names = descriptors(text).flatMap((
    { annotations },
  ) => [annotations?.[IMAGE_NAME], annotations?.[REF_NAME]]);
  return new Set(names.filter((name) => name !== undefined));
}

/**
 * The images that an `index.json` names, with all their names.
 *
 * @throws {InvalidDocumentError} If it is no index, or has an entry that is no
 * descriptor.
 */
export function layoutImages(text: string | undefined): HeldImage[] {
  return layoutEntries(text).filter((entry) => !isReferrer(entry))
    .map(indexedImage);
}

/** All that an `index.json` names, with the same refusals. */
export function layoutEntries(text: string | undefined): Descriptor[] {
  const { entries } = readIndex(text);
  return readDescriptors(entries, "manifests", "index.json");
}

/**
 * Has an `index.json` say what refers to what; what is there of it stays.
 *
 * @param text The present `index.json`, if there is one.
 * @param referrers The entries to be there.
 * @returns The new text.
 * @throws {InvalidDocumentError} If the present one is no index.
 */
export function noteReferrers(
  text: string | undefined,
  referrers: readonly Descriptor[],
): string {
  const { fields, entries } = readIndex(text);
  const known = new Set(
    entries.filter(isDescriptor).filter(isReferrer).map(({ digest }) => digest),
  );
  const added = referrers.filter(({ digest }) => !known.has(digest));
  const updated = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    ...fields,
    manifests: [...entries, ...added],
  };
  return `${JSON.stringify(updated, null, 2)}\n`;
}

/**
 * The digest of the manifest that is found by a name in an `index.json`.
 *
 * @throws {InvalidDocumentError} If it is no index.
 */
export function layoutManifest(
  text: string | undefined,
  name: string,
): string | undefined {
  return descriptors(text).find(({ annotations }) =>
    annotations?.[REF_NAME] === name
  )?.digest;
}

/**
 * Takes entries out of an `index.json`. All else stays as it is.
 *
 * @param text The present `index.json`.
 * @param isMeant Whether an entry goes, by its digest and its names.
 * @returns The new text, or the same.
 * @throws {InvalidDocumentError} If it is no index.
 */
export function removeFromLayoutIndex(
  text: string | undefined,
  isMeant: (digest: string, names: readonly string[]) => boolean,
): string | undefined {
  const { fields, entries } = readIndex(text);
  const kept = entries.filter((entry) => {
    if (!isDescriptor(entry)) return true;
    const { digest, annotations } = entry;
    const names = [annotations?.[IMAGE_NAME], annotations?.[REF_NAME]];
    return !isMeant(digest, names.filter((name) => name !== undefined));
  });
  return kept.length === entries.length
    ? text
    : `${JSON.stringify({ ...fields, manifests: kept }, null, 2)}\n`;
}

function without(entry: Descriptor, names: string[]): Descriptor {
  const kept = Object.entries(entry.annotations ?? {})
    .filter(([name]) => !names.includes(name));
  return { ...entry, annotations: Object.fromEntries(kept) };
}

function nameOf(entry: Descriptor): string {
  return entry.annotations?.[IMAGE_NAME] ?? entry.annotations?.[REF_NAME] ?? "";
}

function descriptors(text: string | undefined): Descriptor[] {
  return readIndex(text).entries.filter(isDescriptor);
}

/** Whether an entry can be told from others, whatever else it holds. */
function isDescriptor(entry: unknown): entry is Descriptor {
  return isObject(entry) && typeof entry.digest === "string" &&
    (entry.annotations === undefined || isObject(entry.annotations)) &&
    (entry.platform === undefined || isObject(entry.platform));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function readIndex(text: string | undefined): LayoutIndex {
  const refuse = (
    code: "no-json" | "no-object" | "manifests-no-list",
    cause?: unknown,
  ) => new InvalidDocumentError("index.json", { code }, { cause });
  let fields: unknown;
  try {
    fields = JSON.parse(text ?? "{}");
  } catch (cause) {
    throw refuse("no-json", cause);
  }
  if (!isObject(fields)) throw refuse("no-object");
  const entries = fields.manifests ?? [];
  if (!Array.isArray(entries)) throw refuse("manifests-no-list");
  return { fields, entries };
}
