/** Documents that Go's loaders would read otherwise than we do. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
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
      "ambiguous-",
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
    );
    assertMatch(error.code, /^ambiguous-/);
  }
});

const run = (members: string) => `"config":{${members}}`;
const health = (members: string) => run(`"Healthcheck":{${members}}`);

/** Tried: Docker 29 with its own store, skopeo 1.9 and 1.22 refuse each. */
const REFUSED: string[] = [
  health('"Interval":3e10'),
  health('"Timeout":30.0'),
  health('"StartPeriod":"30s"'),
  health('"StartInterval":9223372036854775808'),
  health('"Retries":3.0'),
  health('"Test":"CMD true"'),
  health('"Retries":[3]'),
  run('"StopTimeout":1e1'),
  run('"stoptimeout":1e1'),
  run('"Env":"A=b"'),
  run('"Env":[1]'),
  run('"User":1000'),
  run('"Labels":{"a":1}'),
  run('"Labels":["a"]'),
  run('"Volumes":["/a"]'),
  run('"ExposedPorts":{"80/tcp":1}'),
  run('"ArgsEscaped":"true"'),
  `"config":[]`,
  `"config":""`,
  `"container_config":{"StopTimeout":1e1}`,
  `"created":"yesterday"`,
  `"created":""`,
  `"created":5`,
  `"created":"2020-01-01 00:00:00Z"`,
  `"created":"2020-01-01t00:00:00z"`,
  `"created":"2020-02-30T01:00:00Z"`,
  `"created":"2020-13-01T01:00:00Z"`,
  `"created":"2016-12-31T23:59:60Z"`,
  `"created":"2016-12-31T24:00:00Z"`,
  `"history":[{"created":"yesterday"}]`,
  `"history":[{"empty_layer":"false"}]`,
  `"history":{}`,
  `"os":5`,
  `"variant":7`,
  `"os.version":10`,
  `"os.features":"x"`,
  `"author":1`,
];

for (const members of REFUSED) {
  test(`a configuration is refused that has ${members}`, () => {
    const { code } = assertThrows(
      () => parseConfig(document(`{${ROOTFS},${members}}`), parsed),
      InvalidDocumentError,
    );
    assertEquals(code, "wrong-type");
  });
}

/** Tried: the same ones take each. */
const TAKEN: string[] = [
  health('"Interval":315360000000000000,"Timeout":-0,"Retries":null'),
  health('"Interval":9223372036854775807,"StartPeriod":-9223372036854775808'),
  run('"Labels":{"a":null},"Env":null,"Volumes":{"/a":{}},"Cmd":null'),
  `"created":null,"history":null,"config":null`,
  `"created":"0001-01-01T00:00:00Z"`,
  `"created":"2024-02-29T1:00:00,5-23:59"`,
  `"created":"2020-01-01T01:00:00.12345678901234567890+00:00"`,
];

for (const members of TAKEN) {
  test(`a configuration is taken that has ${members}`, () => {
    parseConfig(document(`{${ROOTFS},${members}}`), parsed);
  });
}

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
    `"history":[{"created":"2020-01-01T00:00:00Z","comment":""},{"comment":"a","empty_layer":true}],` +
    `"container_config":{"Cmd":["a"]}}`;
  assertEquals(parseConfig(document(config), parsed).architecture, "arm64");
});

test("a document of 4 MiB is read in one pass", () => {
  const names = Array.from({ length: 90_000 }, (_, i) => `"${i}\\\\":[${i}]`);
  const text = manifest(VERSION, CONFIG, LAYERS, ...names) + " ".repeat(1e6);
  assertEquals(parseManifest(document(text)).layers.length, 1);
});
