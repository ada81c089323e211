import { assertEquals, assertThrows } from "@std/assert";
import {
  InvalidDocumentError,
  NotAnImageError,
} from "../../lib/image/errors.ts";
import { parseConfig, parseManifest } from "../../lib/image/manifest.ts";
import { OCI_CONFIG, OCI_LAYER_GZIP } from "../../lib/image/media_types.ts";
import type { Document } from "../../lib/image/types.ts";
import { test } from "../harness.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const config = { mediaType: OCI_CONFIG, digest: DIGEST, size: 2 };
const layer = {
  mediaType: OCI_LAYER_GZIP,
  digest: `sha256:${"b".repeat(64)}`,
  size: 10,
};
const image = { schemaVersion: 2, config, layers: [layer] };

function document(value: unknown): Document {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return {
    descriptor: { mediaType: "", digest: DIGEST, size: bytes.length },
    bytes,
  };
}

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
