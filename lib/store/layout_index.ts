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
 * @param name The image's full name.
 * @param manifest The manifest's descriptor, with its platform.
 * @returns The new text.
 */
export function updateLayoutIndex(
  text: string | undefined,
  name: string,
  manifest: Descriptor,
): string {
  const machine = (entry: Descriptor) =>
    entry.platform ? formatPlatform(entry.platform) : "";
  const entries = readEntries(text)
    .filter((entry) =>
      nameOf(entry) !== name || machine(entry) !== machine(manifest)
    )
    .map((entry) => {
      if (nameOf(entry) !== name) return entry;
      const { [REF_NAME]: _, ...annotations } = entry.annotations ?? {};
      return { ...entry, annotations };
    });
  entries.push({
    ...manifest,
    annotations: { [IMAGE_NAME]: name, [REF_NAME]: name },
  });
  const key = (entry: Descriptor) => `${nameOf(entry)} ${machine(entry)}`;
  entries.sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
  const index: Index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: entries,
  };
  return `${JSON.stringify(index, null, 2)}\n`;
}

/** All names in an `index.json`. */
export function layoutNames(text: string | undefined): Set<string> {
  return new Set(readEntries(text).map(nameOf));
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
