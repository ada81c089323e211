/** Documents that Go's loaders would read otherwise than we do. */

import { assertEquals, assertThrows } from "@std/assert";
import { InvalidDocumentError } from "../../lib/image/errors.ts";
import {
  documentMediaType,
  parseConfig,
  parseIndex,
  parseManifest,
} from "../../lib/image/manifest.ts";
import { OCI_CONFIG, OCI_LAYER_GZIP } from "../../lib/image/media_types.ts";
import type { Document } from "../../lib/image/types.ts";
import { test } from "../harness.ts";

const A = `sha256:${"a".repeat(64)}`;
const B = `sha256:${"b".repeat(64)}`;
const CONFIG =
  `"config":{"mediaType":"${OCI_CONFIG}","digest":"${A}","size":2}`;
const layer = (size = "5151", more = "") =>
  `{"mediaType":"${OCI_LAYER_GZIP}","digest":"${B}","size":${size}${more}}`;
const LAYERS = `"layers":[${layer()}]`;
const VERSION = `"schemaVersion":2`;

function document(content: string | Uint8Array<ArrayBuffer>): Document {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  return {
    descriptor: { mediaType: "", digest: A, size: bytes.length },
    bytes,
  };
}

const manifest = (...members: string[]) => `{${members.join(",")}}`;
const GOOD = manifest(VERSION, CONFIG, LAYERS);

/** Each is a manifest to `JSON.parse`, and something else to a loader. */
const MANIFESTS: [string, string][] = [
  ["a mark of byte order", `\ufeff${GOOD}`],
  [
    "a size with a point",
    manifest(VERSION, CONFIG, `"layers":[${layer("5151.0")}]`),
  ],
  [
    "a size with an exponent",
    manifest(VERSION, CONFIG, `"layers":[${layer("5e3")}]`),
  ],
  [
    "a size below nought",
    manifest(VERSION, CONFIG, `"layers":[${layer("-0")}]`),
  ],
  ["a size as a text", manifest(VERSION, CONFIG, `"layers":[${layer('"5"')}]`)],
  ["a version as a text", manifest(`"schemaVersion":"2"`, CONFIG, LAYERS)],
  [
    "a size beyond 64 bits",
    manifest(VERSION, CONFIG, `"layers":[${layer("99999999999999999999")}]`),
  ],
  ["a version with a point", manifest(`"schemaVersion":2.0`, CONFIG, LAYERS)],
  ["Layers beside layers", manifest(VERSION, CONFIG, LAYERS, `"Layers":[]`)],
  ["LAYERS before layers", manifest(VERSION, CONFIG, `"LAYERS":[]`, LAYERS)],
  [
    "layers with a long s",
    manifest(VERSION, CONFIG, LAYERS, `"layer\u017f":[]`),
  ],
  [
    "layers with a long s, escaped",
    manifest(VERSION, CONFIG, LAYERS, `"layer\\u017F":[]`),
  ],
  ["Layers alone", manifest(VERSION, CONFIG, `"Layers":[${layer()}]`)],
  ["layers twice", manifest(VERSION, CONFIG, LAYERS, LAYERS)],
  [
    "an escaped name twice",
    manifest(VERSION, CONFIG, LAYERS, `"l\\u0061yers":[]`),
  ],
  ["config twice", manifest(VERSION, CONFIG, CONFIG, LAYERS)],
  [
    "annotations twice",
    manifest(VERSION, CONFIG, LAYERS, `"annotations":{}`, `"annotations":{}`),
  ],
  ["Manifests besides", manifest(VERSION, CONFIG, LAYERS, `"Manifests":[]`)],
  [
    "a Digest of a layer",
    manifest(VERSION, CONFIG, `"layers":[${layer("1", `,"Digest":"${A}"`)}]`),
  ],
  [
    "a digest of a layer twice",
    manifest(VERSION, CONFIG, `"layers":[${layer("1", `,"digest":"${B}"`)}]`),
  ],
  [
    "half a character",
    manifest(
      VERSION,
      CONFIG,
      `"layers":[${layer("1", `,"urls":["https://a/\\ud800"]`)}]`,
    ),
  ],
  ["something after it", `${GOOD}{}`],
  [
    "lists in lists",
    manifest(
      VERSION,
      CONFIG,
      LAYERS,
      `"x":${"[".repeat(2e4)}${"]".repeat(2e4)}`,
    ),
  ],
];

for (const [what, text] of MANIFESTS) {
  test(`a manifest is refused that has ${what}`, () => {
    for (
      const read of [
        () => parseManifest(document(text)),
        () => documentMediaType(document(text).bytes, null, "it"),
      ]
    ) assertThrows(read, InvalidDocumentError);
  });
}

test("an index is refused that has a member of its entries in two spellings", () => {
  for (
    const more of [
      `"MediaType":"x/y"`,
      `"platform":{},"Platform":{}`,
      `"platform":{"os":"linux","architecture":"arm64","OS":"windows"}`,
      `"platform":{"os":"linux","architecture":"arm64","o\u017f":"windows"}`,
    ]
  ) {
    assertThrows(
      () => parseIndex(document(`{"manifests":[${layer("5", `,${more}`)}]}`)),
      InvalidDocumentError,
      "which other programs read otherwise",
    );
  }
});

const parsed = parseManifest(document(GOOD));
const ROOTFS = `"rootfs":{"type":"layers","diff_ids":["${A}"]}`;

test("a configuration is refused that can be read in two ways", () => {
  for (
    const text of [
      `{${ROOTFS},"Rootfs":{"diff_ids":[]}}`,
      `{${ROOTFS},${ROOTFS}}`,
      `{"rootfs":{"diff_ids":["${A}"],"Diff_IDs":["${B}"]}}`,
      `{"rootfs":{"diff_ids":["${A}"],"diff_id\u017f":["${B}"]}}`,
      `{${ROOTFS},"os":"linux","OS":"windows"}`,
      `{${ROOTFS},"config":{"Cmd":["a"],"cmd":["b"]}}`,
      `{${ROOTFS},"config":{"Labels":{"a":"1"},"Labels":{"b":"1"}}}`,
      `{${ROOTFS},"config":{"Cmd":["a"]},"Config":{"Cmd":["b"]}}`,
      `{${ROOTFS},"config":{"wor\u212aingdir":"/","WorkingDir":"/a"}}`,
    ]
  ) {
    const error = assertThrows(
      () => parseConfig(document(text), parsed),
      InvalidDocumentError,
      "which other programs read otherwise",
    );
    assertEquals(error.kind, "ambiguous");
  }
});

test("bytes that are no UTF-8 are refused wherever they are", () => {
  const bytes = document(`{${ROOTFS},"author":"x"}`).bytes;
  bytes[bytes.length - 3] = 0xff;
  assertThrows(
    () => parseConfig(document(bytes), parsed),
    InvalidDocumentError,
  );
});

test("documents are taken in which only free names are alike", () => {
  const annotations =
    `"annotations":{"a":"1","A":"2","layers":"x","Layers":""}`;
  const free = manifest(
    VERSION,
    CONFIG,
    LAYERS,
    annotations,
    `"x-own":1.5,"X-Own":{"layers":[],"Layers":[{"size":5e3}]},"x":"\\ud800"`,
  );
  assertEquals(parseManifest(document(free)).layers.length, 1);
  const labels = `"Labels":{"a":"1","A":"2","env":"x","Env":"","a":"3"}`;
  const config = `{${ROOTFS},"architecture":"arm64","Size":0.5,` +
    `"config":{${labels},"env":["A=\\ud83d\\ude00"],"x":[1e3,{}]},` +
    `"history":[{"created":"x","comment":""},{"comment":"a","empty_layer":true}],` +
    `"container_config":{"Cmd":["a"]}}`;
  assertEquals(parseConfig(document(config), parsed).architecture, "arm64");
});

test("a document of 4 MiB is read in one pass", () => {
  const names = Array.from({ length: 90_000 }, (_, i) => `"${i}\\\\":[${i}]`);
  const text = manifest(VERSION, CONFIG, LAYERS, ...names) + " ".repeat(1e6);
  assertEquals(parseManifest(document(text)).layers.length, 1);
});
