/** What a registry keeps as it keeps images, and is none. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readdir } from "node:fs/promises";
import { explainError } from "../../cli/messages/errors.ts";
import { type ArtifactKind, NotAnImageError } from "../../lib/image/errors.ts";
import { documentMediaType } from "../../lib/image/manifest.ts";
import {
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from "../../lib/image/media_types.ts";
import { parseReference } from "../../lib/image/reference.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { inPullWorld } from "./world.ts";
import type { Content } from "../registry_server/content.ts";
import { sha256 } from "../fixtures/mod.ts";

const EMPTY = "application/vnd.oci.empty.v1+json";

/** A manifest or an index of these parts, with their bytes. */
function content(
  mediaType: string,
  make: (part: (type: string, text: string) => Descriptor) => unknown,
): Content {
  const blobs: Content["blobs"] = new Map();
  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const part = (mediaType: string, text: string) => {
    const bytes = bytesOf(text);
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const bytes = bytesOf(
    JSON.stringify({ schemaVersion: 2, mediaType, ...make(part) as object }),
  );
  const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length };
  const document = { descriptor, bytes };
  return { document, documents: [document], blobs };
}

/** A manifest of a configuration and layers of these types. */
const manifest = (config: string, layers: string[], artifactType?: string) =>
  content(OCI_MANIFEST, (part) => ({
    artifactType,
    config: part(config, "{}"),
    layers: layers.map((type, i) => part(type, `layer ${i}`)),
  }));

const KINDS: [ArtifactKind, string, string[], string?][] = [
  ["helm-chart", "application/vnd.cncf.helm.config.v1+json", [
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
  ]],
  ["build-cache", "application/vnd.buildkit.cacheconfig.v0", [OCI_LAYER_GZIP]],
  ["wasm", "application/vnd.wasm.config.v0+json", ["application/wasm"]],
  ["signature", OCI_CONFIG, [
    "application/vnd.dev.cosign.simplesigning.v1+json",
  ]],
  ["signature", EMPTY, ["application/vnd.dev.sigstore.bundle.v0.3+json"]],
  ["signature", EMPTY, [
    "application/jose+json",
  ], "application/vnd.cncf.notary.signature"],
  ["attestation", OCI_CONFIG, ["application/vnd.in-toto+json"]],
  ["sbom", EMPTY, ["text/spdx+json"]],
  ["flux", "application/vnd.cncf.flux.config.v1+json", [
    "application/vnd.cncf.flux.content.v1.tar+gzip",
  ]],
  ["policy", "application/vnd.cncf.openpolicyagent.config.v1+json", [
    OCI_LAYER_GZIP,
  ]],
  ["singularity", "application/vnd.sylabs.sif.config.v1+json", [
    "application/vnd.sylabs.sif.layer.v1.sif",
  ]],
  ["ollama-model", "application/vnd.docker.container.image.v1+json", [
    "application/vnd.ollama.image.model",
  ]],
  ["docker-plugin", "application/vnd.docker.plugin.v1+json", [OCI_LAYER_GZIP]],
  ["files", EMPTY, ["text/plain"], "application/vnd.example+type"],
  ["files", "application/vnd.unknown.config.v1+json", [OCI_LAYER_GZIP]],
  ["files", "application/vnd.example.config.v1+json", [OCI_LAYER_GZIP]],
  ["files", OCI_CONFIG, ["application/vnd.oci.image.layer.v1.tar"]],
  ["files", OCI_CONFIG, [OCI_LAYER_GZIP], "application/vnd.example+type"],
  ["files", OCI_CONFIG, []],
];

for (const [kind, config, layers, type] of KINDS) {
  test(`pull() knows ${kind} by ${config}, ${layers} and ${type}`, () =>
    inPullWorld(async ({ registry, folder, pull, asked }) => {
      registry.add("app", manifest(config, layers, type), "1");
      const error = await assertRejects(() => pull("app:1"), NotAnImageError);
      assertEquals(error.artifact, kind);
      assert(!asked().some((line) => line.includes("/layer")));
      assertEquals(await readdir(folder), ["cache"]);
    }));
}

test("pull() knows a build cache that is an index", () =>
  inPullWorld(async ({ registry, pull }) => {
    const cache = content(OCI_INDEX, (part) => ({
      manifests: [
        part(OCI_LAYER_GZIP, "layer"),
        part("application/vnd.buildkit.cacheconfig.v0", "{}"),
      ],
    }));
    registry.add("app", cache, "1");
    const error = await assertRejects(() => pull("app:1"), NotAnImageError);
    assertEquals(error.artifact, "build-cache");
  }));

for (
  const [kind, artifactType] of [
    ["files", "application/vnd.example+type"],
    ["sbom", "application/spdx+json"],
    ["files", undefined],
  ] as const
) {
  test(`documentMediaType() knows the former manifest of ${artifactType}`, () => {
    const type = "application/vnd.oci.artifact.manifest.v1+json";
    const { document } = content(type, (part) => ({
      schemaVersion: undefined,
      artifactType,
      blobs: [part("text/plain", "text")],
    }));
    const error = assertThrows(
      () => documentMediaType(document.bytes, type, "it"),
      NotAnImageError,
    );
    assertEquals([error.artifact, error.mediaType], [
      kind,
      artifactType ?? type,
    ]);
  });
}

test("pull() knows what an index lists without a platform", () =>
  inPullWorld(async ({ registry, pull }) => {
    const chart = manifest("application/vnd.cncf.helm.config.v1+json", []);
    const index = content(OCI_INDEX, () => ({
      manifests: [chart.document.descriptor],
    }));
    registry.add("app", chart, "chart");
    registry.add("app", index, "1");
    const error = await assertRejects(() => pull("app:1"), NotAnImageError);
    assertEquals(error.artifact, "helm-chart");
  }));

test("explainError() names the program that takes it", () => {
  const explain = (kind: ArtifactKind, name: string) =>
    explainError(new NotAnImageError(kind, "a/b"), {
      image: name,
      reference: parseReference(name),
    });
  const { sentence, hint, code } = explain("helm-chart", "r.test/a/b:1.2");
  assertEquals(
    sentence,
    'Cannot pull "r.test/a/b:1.2": it is a Helm chart, and no container ' +
      "image (a/b)",
  );
  assertEquals([hint, code], [
    "helm pull oci://r.test/a/b --version 1.2",
    11,
  ]);
  assertEquals(
    explain("helm-chart", "me/chart:1").hint,
    "helm pull oci://registry-1.docker.io/me/chart --version 1",
  );
  assertEquals(
    explain("files", "r.test/a/b").hint,
    "oras pull r.test/a/b:latest",
  );
});
