/**
 * The layout's `index.json`: which manifests it names.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file}
 */

import { OCI_INDEX } from "../media_types.ts";
import { formatPlatform } from "../platform.ts";
import type { Descriptor, Index } from "../types.ts";

/** The image's full name, as containerd and Docker write it. */
const IMAGE_NAME = "io.containerd.image.name";
/** The name by which a layout's manifest is asked for. */
const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * Names a manifest. There is one entry for each name and platform; where a
 * name has several, the newest is the one that is found by it.
 *
 * @param text The present `index.json`; one that cannot be read is made anew.
 * @param name The name by which the manifest is asked for, in full.
 * @param manifest The manifest's descriptor, with its platform.
 * @param imageName The name that loaders are to give it.
 * @returns The new text.
 */
export function updateLayoutIndex(
  text: string | undefined,
  name: string,
  manifest: Descriptor,
  imageName: string = name,
): string {
  const machine = (entry: Descriptor) =>
    entry.platform ? formatPlatform(entry.platform) : "";
  const annotations = { [IMAGE_NAME]: imageName, [REF_NAME]: name };
  const entries: Descriptor[] = [];
  for (const entry of readEntries(text)) {
    const here = machine(entry) === machine(manifest);
    const asked = entry.annotations?.[REF_NAME];
    const loaded = entry.annotations?.[IMAGE_NAME];
    // What lost its name to another platform is known by the other one.
    if (here && (asked ?? loaded) === (asked ? name : imageName)) continue;
    const lost = [
      ...(asked === name ? [REF_NAME] : []),
      // Loaders would give the name to one and then to the other.
      ...(here && loaded === imageName && entry.digest !== manifest.digest
        ? [IMAGE_NAME]
        : []),
    ];
    entries.push(lost.length ? without(entry, lost) : entry);
  }
  entries.push({ ...manifest, annotations });
  const key = (entry: Descriptor) => `${nameOf(entry)} ${machine(entry)}`;
  entries.sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  const index: Index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: entries,
  };
  return `${JSON.stringify(index, null, 2)}\n`;
}

/** All names in an `index.json`, those for loaders and those to ask by. */
export function layoutNames(text: string | undefined): Set<string> {
  const names = readEntries(text).flatMap((
    { annotations },
  ) => [annotations?.[IMAGE_NAME], annotations?.[REF_NAME]]);
  return new Set(names.filter((name) => name !== undefined));
}

/** The digest of the manifest that is found by a name in an `index.json`. */
export function layoutManifest(
  text: string | undefined,
  name: string,
): string | undefined {
  return readEntries(text).find(({ annotations }) =>
    annotations?.[REF_NAME] === name
  )?.digest;
}

function without(entry: Descriptor, names: string[]): Descriptor {
  const kept = Object.entries(entry.annotations ?? {})
    .filter(([name]) => !names.includes(name));
  return { ...entry, annotations: Object.fromEntries(kept) };
}

function nameOf(entry: Descriptor): string {
  return entry.annotations?.[IMAGE_NAME] ?? entry.annotations?.[REF_NAME] ?? "";
}

function readEntries(text: string | undefined): Descriptor[] {
  try {
    const { manifests } = JSON.parse(text ?? "{}") as Partial<Index>;
    return Array.isArray(manifests)
      ? manifests.filter((entry) =>
        entry !== null && typeof entry === "object" &&
        typeof entry.digest === "string"
      )
      : [];
  } catch {
    return [];
  }
}
