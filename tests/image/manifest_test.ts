import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  InvalidDocumentError,
  UnsupportedMediaTypeError,
} from "../../lib/image/errors.ts";
import {
  documentMediaType,
  MAX_DOCUMENT_SIZE,
  parseIndex,
  parseManifest,
} from "../../lib/image/manifest.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/image/media_types.ts";
import { test } from "../harness.ts";
import { config, DIGEST, document, encode, image, layer } from "./documents.ts";

const index = { schemaVersion: 2, manifests: [] };

const SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const dockerImage = {
  ...image,
  config: {
    ...config,
    mediaType: "application/vnd.docker.container.image.v1+json",
  },
};
const artifact = { ...image, config: { ...config, mediaType: "a/b" } };

/** Content-Type, document, and what it is taken for. */
const KINDS: [type: string | null, value: unknown, kind: string][] = [
  [OCI_MANIFEST, image, OCI_MANIFEST],
  [OCI_INDEX, index, OCI_INDEX],
  [DOCKER_MANIFEST, { ...image, mediaType: DOCKER_MANIFEST }, DOCKER_MANIFEST],
  [DOCKER_MANIFEST_LIST, index, DOCKER_MANIFEST_LIST],
  [`${OCI_MANIFEST}; charset=utf-8`, image, OCI_MANIFEST],
  [OCI_MANIFEST.toUpperCase(), image, OCI_MANIFEST],
  ["text/plain", { ...image, mediaType: OCI_MANIFEST }, OCI_MANIFEST],
  ["application/json;charset=ISO-8859-1", image, OCI_MANIFEST],
  ["application/json", index, OCI_INDEX],
  [null, image, OCI_MANIFEST],
  ["text/plain", dockerImage, DOCKER_MANIFEST],
  // As Nexus and others label what they have not looked at.
  [SCHEMA_1, image, OCI_MANIFEST],
  [SCHEMA_1, dockerImage, DOCKER_MANIFEST],
  [SCHEMA_1, index, OCI_INDEX],
  [DOCKER_MANIFEST, image, OCI_MANIFEST],
  [OCI_MANIFEST, dockerImage, DOCKER_MANIFEST],
  [OCI_MANIFEST, { ...image, mediaType: DOCKER_MANIFEST }, DOCKER_MANIFEST],
  [DOCKER_MANIFEST, artifact, DOCKER_MANIFEST],
  [
    OCI_INDEX,
    { ...index, mediaType: DOCKER_MANIFEST_LIST },
    DOCKER_MANIFEST_LIST,
  ],
];

for (const [type, value, kind] of KINDS) {
  test(`documentMediaType() of ${type} with ${Object.keys(value as object)} is ${kind}`, () => {
    assertEquals(documentMediaType(encode(value), type, "it"), kind);
  });
}

test("documentMediaType() rejects what says two things", () => {
  const both = { ...image, manifests: [] };
  for (
    const [type, value] of [
      [null, both],
      [OCI_MANIFEST, both],
      [OCI_INDEX, both],
      [OCI_INDEX, { schemaVersion: 2, manifests: [], config }],
      [OCI_INDEX, { schemaVersion: 2, manifests: [], fsLayers: [] }],
      [OCI_INDEX, { ...image, mediaType: OCI_MANIFEST }],
      [DOCKER_MANIFEST, { ...index, mediaType: OCI_INDEX }],
      [OCI_MANIFEST, { ...image, fsLayers: [] }],
      [SCHEMA_1, { ...image, mediaType: OCI_INDEX }],
      [OCI_INDEX, image],
      [OCI_MANIFEST, index],
      [null, { ...image, mediaType: OCI_INDEX }],
      [OCI_MANIFEST, {}],
      [OCI_MANIFEST, []],
      [OCI_MANIFEST, null],
      [OCI_MANIFEST, 7],
      [OCI_MANIFEST, ""],
      [OCI_MANIFEST, "{"],
      [OCI_MANIFEST, "[".repeat(100_000)],
      [OCI_MANIFEST, '{"a":'.repeat(100_000)],
    ] as [string | null, unknown][]
  ) {
    assertThrows(
      () => documentMediaType(encode(value), type, "it"),
      InvalidDocumentError,
      "Cannot use it: ",
    );
  }
});

test("documentMediaType() rejects what is neither index nor manifest", () => {
  for (
    const [type, value] of [
      [SCHEMA_1, { schemaVersion: 1, fsLayers: [] }],
      ["text/plain", { schemaVersion: 1, fsLayers: [] }],
      [OCI_MANIFEST, { schemaVersion: 1, fsLayers: [] }],
      ["application/vnd.oci.artifact.manifest.v1+json", image],
      [null, { ...image, mediaType: "text/html" }],
    ] as [string | null, unknown][]
  ) {
    assertThrows(
      () => documentMediaType(encode(value), type, "it"),
      UnsupportedMediaTypeError,
    );
  }
});

test("documentMediaType() rejects bytes that are no UTF-8", () => {
  assertThrows(
    () => documentMediaType(new Uint8Array([0x7b, 0xff]), null, "it"),
    InvalidDocumentError,
    "no-json",
  );
});

test("documents above 4 MiB are rejected before they are read", () => {
  const large = document("x".repeat(MAX_DOCUMENT_SIZE + 1));
  for (
    const parse of [
      () => parseIndex(large),
      () => parseManifest(large),
      () => documentMediaType(large.bytes, null, "it"),
    ]
  ) assertThrows(parse, InvalidDocumentError, "too-large");
});

test("parseManifest() keeps what counts", () => {
  const annotations = { "org.opencontainers.image.version": "1" };
  const parsed = parseManifest(document({ ...image, annotations }));
  assertEquals(parsed.config, config);
  assertEquals(parsed.layers, [layer]);
  assertEquals(parsed.annotations, annotations);
});

test("parseManifest() takes an image without layers", () => {
  assertEquals(parseManifest(document({ config })).layers, []);
  assertEquals(parseManifest(document({ config, layers: null })).layers, []);
});

const HOSTILE: [name: string, value: unknown][] = [
  ["no config", { layers: [] }],
  ["a config that is text", { config: "x", layers: [] }],
  ["a config that is a list", { config: [], layers: [] }],
  ["layers that are text", { config, layers: "x" }],
  ["layers that are an object", { config, layers: { length: 1 } }],
  ["a layer that is null", { config, layers: [null] }],
  ["a layer without a digest", {
    config,
    layers: [{ mediaType: "a", size: 1 }],
  }],
  ["a digest that is a path", {
    config,
    layers: [{ ...layer, digest: "sha256:../../etc/passwd" }],
  }],
  ["a digest that is a list", {
    config,
    layers: [{ ...layer, digest: [DIGEST] }],
  }],
  ["a negative size", { config, layers: [{ ...layer, size: -1 }] }],
  ["half a byte", { config, layers: [{ ...layer, size: 0.5 }] }],
  ["a size that is text", { config, layers: [{ ...layer, size: "1" }] }],
  [
    "a size beyond all numbers",
    '{"config":{"mediaType":"a","digest":"' + DIGEST +
    '","size":1e400},"layers":[]}',
  ],
  ["a size beyond all disks", {
    config,
    layers: [{ ...layer, size: 2 ** 50 }],
  }],
  ["a size without a mediaType", {
    config,
    layers: [{ digest: DIGEST, size: 1 }],
  }],
  ["two sizes for one digest", {
    config,
    layers: [layer, { ...layer, size: 11 }],
  }],
  ["the config's size for a layer", {
    config,
    layers: [{ ...layer, digest: DIGEST }],
  }],
  ["a large config", {
    config: { ...config, size: MAX_DOCUMENT_SIZE + 1 },
    layers: [],
  }],
  ["too many layers", { config, layers: Array(1001).fill(layer) }],
  ["manifests besides", { ...image, manifests: [] }],
];

for (const [name, value] of HOSTILE) {
  test(`parseManifest() rejects ${name}`, () => {
    assertThrows(() => parseManifest(document(value)), InvalidDocumentError);
  });
}

test("parseIndex() checks every entry", () => {
  const manifests = [{ mediaType: OCI_MANIFEST, digest: DIGEST, size: 1 }];
  assertEquals(parseIndex(document({ manifests })).manifests, manifests);
  for (
    const wrong of [
      [null],
      [{}],
      [{ ...manifests[0], digest: "sha256:x" }],
      [{ ...manifests[0], size: null }],
      "x",
      Array(10_001).fill(manifests[0]),
    ]
  ) {
    assertThrows(
      () => parseIndex(document({ manifests: wrong })),
      InvalidDocumentError,
    );
  }
});

test("parseIndex() drops platforms and links of a wrong shape", () => {
  const entry = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 1 };
  const [first, second, third] = parseIndex(document({
    manifests: [
      { ...entry, platform: "linux", urls: "x", annotations: 7, data: 7 },
      { ...entry, platform: { os: 1, architecture: "a" }, urls: [1, "u"] },
      { ...entry, platform: { os: "o", architecture: "a", variant: 7 } },
    ],
  })).manifests;
  assertEquals(first, entry);
  assertEquals(second, { ...entry, urls: ["u"] });
  assertEquals(third, { ...entry, platform: { os: "o", architecture: "a" } });
});

test("documents pollute no prototype", () => {
  const poison = '{"__proto__":{"polluted":1},"constructor":{"prototype":' +
    '{"polluted":1}},"config":{"mediaType":"a","digest":"' + DIGEST +
    '","size":1,"annotations":{"__proto__":"x"},"__proto__":{"polluted":1}},' +
    '"layers":[]}';
  const parsed = parseManifest(document(poison));
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  assert(!("polluted" in parsed.config));
  assert(!("polluted" in parsed));
});
