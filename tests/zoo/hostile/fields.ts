/** Manifests and indexes with a field that must not be. */

import { MEDIA_TYPES } from "../../fixtures/image.ts";
import { image } from "../scene.ts";
import type { Row } from "./row.ts";
import { manifestWith } from "./world.ts";

const { index, config } = MEDIA_TYPES.oci;
const [layer] = image.layers;
const ZERO = `sha256:${"0".repeat(64)}`;

/** A descriptor of something that a manifest or an index names. */
export function entry(
  fields: Record<string, unknown>,
): Record<string, unknown> {
  return { ...image.manifest.descriptor, platform: image.platform, ...fields };
}

/** An index with these entries. */
export function indexOf(...manifests: unknown[]): Record<string, unknown> {
  return { schemaVersion: 2, mediaType: index, manifests };
}

/** Digests that must not become part of an address or a path. */
const DIGESTS: [what: string, digest: unknown][] = [
  ["with ../", "sha256:../../../../etc/passwd"],
  ["with ../ of the right length", `sha256:${"../".repeat(21)}a`],
  ["with a query", `sha256:${"0".repeat(58)}?x=1&y`],
  ["with a line's end", `${ZERO.slice(0, -2)}\r\n`],
  ["in upper case", `sha256:${"A".repeat(64)}`],
  ["by md5", `md5:${"0".repeat(32)}`],
  ["that is a number", 1],
];

const digests: Row[] = DIGESTS.flatMap(([what, digest]): Row[] => [
  {
    what: `a layer's digest ${what}`,
    prepare: (world) =>
      void world.tag(manifestWith({ layers: [{ ...layer, digest }] })),
    ends: "InvalidDocumentError",
    says: /layers\[0\]/,
    requests: 4,
  },
  {
    what: `an index entry's digest ${what}`,
    prepare: (world) => void world.tag(indexOf(entry({ digest })), index),
    ends: "InvalidDocumentError",
    says: /manifests\[0\]/,
    requests: 4,
  },
]);

/** Manifests that are none. */
const MANIFESTS: [
  what: string,
  value: unknown,
  ends: Row["ends"],
  says: RegExp,
][] = [
  [
    "with the fields of an index, too",
    manifestWith({ manifests: [] }),
    "InvalidDocumentError",
    /ambiguous-index/,
  ],
  [
    "of type index",
    manifestWith({ mediaType: index }),
    "InvalidDocumentError",
    /ambiguous-type|ambiguous-fields/,
  ],
  [
    "whose fields are those of its prototype",
    JSON.parse('{"schemaVersion":2,"__proto__":{"layers":[],"config":{}}}'),
    "InvalidDocumentError",
    /neither/,
  ],
  [
    "with a size below zero",
    manifestWith({ layers: [{ ...layer, size: -1 }] }),
    "InvalidDocumentError",
    /no-size/,
  ],
  [
    "with half a byte",
    manifestWith({ layers: [{ ...layer, size: 0.5 }] }),
    "InvalidDocumentError",
    /ambiguous-number/,
  ],
  [
    "with a layer of 9 PB",
    manifestWith({ layers: [{ ...layer, size: 2 ** 53 - 1 }] }),
    "InvalidDocumentError",
    /blob-too-large/,
  ],
  [
    "with a layer of 8 TiB, for which there is no room",
    manifestWith({
      layers: image.layers.map((each) => ({ ...each, size: 2 ** 43 })),
    }),
    "StorageError",
    /ENOSPC/,
  ],
  [
    "with a configuration of 1 GB",
    manifestWith({ config: { ...image.config.descriptor, size: 1e9 } }),
    "InvalidDocumentError",
    /config-too-large/,
  ],
  [
    "with 10 000 layers",
    manifestWith({ layers: Array(10_000).fill(layer) }),
    "InvalidDocumentError",
    /too-many-layers/,
  ],
  [
    "with two sizes of one layer",
    manifestWith({ layers: [layer, { ...layer, size: 1 }] }),
    "InvalidDocumentError",
    /two-sizes/,
  ],
  [
    "with fewer layers than its configuration",
    manifestWith({ layers: [layer] }),
    "InvalidDocumentError",
    /layer-count \{"config":3,"manifest":1\}/,
  ],
  [
    "of an artifact that is no image",
    manifestWith({
      layers: image.layers.map((each) => ({
        ...each,
        mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
      })),
    }),
    "NotAnImageError",
    /artifact/,
  ],
  [
    "with a configuration that is no JSON",
    manifestWith({ config: { ...layer, mediaType: config } }),
    "InvalidDocumentError",
    /no-json/,
  ],
  [
    "with inline data that is something else",
    manifestWith({
      config: { ...image.config.descriptor, data: btoa("{}") },
    }),
    "ContentMismatchError",
    /2 bytes instead of/,
  ],
];

const manifests: Row[] = MANIFESTS.map(([what, value, ends, says]) => ({
  what: `a manifest ${what}`,
  prepare: (world) => void world.tag(value),
  ends,
  says,
}));

/** Manifests and indexes with a field that must not be. */
export const fields: Row[] = [...manifests, ...digests];
