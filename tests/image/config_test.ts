import { assertEquals, assertThrows } from "@std/assert";
import {
  InvalidDocumentError,
  NotAnImageError,
} from "../../lib/image/errors.ts";
import { parseConfig, parseManifest } from "../../lib/image/manifest.ts";
import { test } from "../harness.ts";
import { config, DIGEST, document, image, layer } from "./documents.ts";

const parsed = parseManifest(document(image));

test("parseConfig() reads platform and diffIDs", () => {
  const value = {
    os: "linux",
    architecture: "arm64",
    variant: "v8",
    "os.version": "1",
    created: "2024-01-01T00:00:00Z",
    rootfs: { type: "layers", diff_ids: [DIGEST] },
    config: { Env: ["A=b"] },
  };
  const { config: _, ...rest } = value;
  assertEquals(parseConfig(document(value), parsed), rest);
});

test("parseConfig() rejects another number of layers", () => {
  for (
    const rootfs of [
      undefined,
      null,
      "x",
      {},
      { diff_ids: [] },
      { diff_ids: [DIGEST, DIGEST] },
      { diff_ids: "x" },
      { diff_ids: { length: 1 } },
      { diff_ids: ["sha256:x"] },
      { diff_ids: [7] },
    ]
  ) {
    assertThrows(
      () => parseConfig(document({ os: "linux", rootfs }), parsed),
      InvalidDocumentError,
    );
  }
});

test("parseConfig() rejects an artifact", () => {
  const artifact = parseManifest(document({
    config: {
      ...config,
      mediaType: "application/vnd.cncf.helm.config.v1+json",
    },
    layers: [{ ...layer, mediaType: "application/vnd.cncf.helm.chart" }],
  }));
  const error = assertThrows(
    () => parseConfig(document({ name: "chart" }), artifact),
    NotAnImageError,
  );
  assertEquals([error.code, error.artifact], ["artifact", "helm-chart"]);
});
