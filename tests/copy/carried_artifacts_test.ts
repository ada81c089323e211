/** What is no image, carried as it is by a copy. */
import { assertEquals, assertRejects } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { copy, NotAnImageError, pull, push } from "../../mod.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../lib/image/media_types.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { inFolder } from "../disk/folder.ts";
import { sha256 } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import type { Content } from "../registry_server/content.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const HELM = "application/vnd.cncf.helm.config.v1+json";
const CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const EMPTY = "application/vnd.oci.empty.v1+json";

function part(mediaType: string, text: string) {
  const bytes = new TextEncoder().encode(text);
  const descriptor: Descriptor = {
    mediaType,
    digest: sha256(bytes),
    size: bytes.length,
  };
  return { descriptor, bytes };
}

/** A manifest of one configuration and one layer. */
function artifact(config: string, layer: string, text: string): Content {
  const parts = [part(config, "{}"), part(layer, text)];
  const [first, ...layers] = parts.map(({ descriptor }) => descriptor);
  const document = part(
    OCI_MANIFEST,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: first,
      layers,
    }),
  );
  const blobs = new Map(
    parts.map(({ descriptor, bytes }) => [descriptor.digest, bytes]),
  );
  return { document, documents: [document], blobs };
}

function listed(
  contents: readonly Content[],
  blobs: readonly ReturnType<typeof part>[] = [],
): Content {
  const document = part(
    OCI_INDEX,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        ...contents.map(({ document }) => document.descriptor),
        ...blobs.map(({ descriptor }) => descriptor),
      ],
    }),
  );
  return {
    document,
    documents: [...contents.flatMap(({ documents }) => documents), document],
    blobs: new Map([
      ...contents.flatMap(({ blobs }) => [...blobs]),
      ...blobs.map(({ descriptor: { digest }, bytes }) =>
        [digest, bytes] as const
      ),
    ]),
  };
}

const chart = artifact(HELM, CHART, "a chart");
const signature = artifact(
  EMPTY,
  "application/vnd.dev.cosign.simplesigning.v1+json",
  "a signature",
);
/** What oras makes of nothing: layer and configuration are one blob. */
const nothing = artifact(EMPTY, EMPTY, "{}");
const KINDS: readonly [string, Content][] = [
  ["a chart", chart],
  ["a signature", signature],
  ["an empty artifact", nothing],
  ["an index of artifacts", listed([chart, signature])],
  [
    "BuildKit's cache",
    listed([], [
      part("application/vnd.oci.image.layer.v1.tar+gzip", "a layer"),
      part("application/vnd.buildkit.cacheconfig.v0", "the rest"),
    ]),
  ],
];

for (const [name, content] of KINDS) {
  test(`${name} is copied as it is, and by way of files`, () =>
    inFolder(async (folder) => {
      const { digest } = content.document.descriptor;
      const source = new FakeRegistry({ host: "source.test" });
      source.add("team/it", content, "1");
      const target = new FakeRegistry({ host: "target.test", uploads: {} });
      const options = {
        cacheDir: join(folder, "cache"),
        fetch: ((url, init) =>
          (new URL(url).host === "target.test" ? target : source)
            .fetch(url, init)) satisfies FakeRegistry["fetch"],
      };
      const from = "source.test/team/it:1";
      const layout = join(folder, "layout");
      await copy(from, `oci:${layout}`, options);
      // Not every registry takes an index of blobs.
      if (name === "BuildKit's cache") {
        const copied = source.requests.length;
        await copy(from, `oci:${layout}`, options);
        assertEquals(source.requests.length, copied + 1);
        for (const digest of content.blobs.keys()) {
          const path = join(layout, "blobs", digest.replace(":", "/"));
          assertEquals(sha256(await readFile(path)), digest);
        }
        return;
      }
      await push(layout, "target.test/layout/", options);
      const result = await copy(from, "target.test/direct:1", options);
      assertEquals(
        result.results.map(({ images, named }) => ({
          images,
          digest: named.digest,
        })),
        [{ images: [], digest }],
      );
      const again = await copy(from, "target.test/direct:1", options);
      assertEquals(
        again.results.map(({ upToDate }) =>
          upToDate
        ),
        [true],
      );

      const archive = join(folder, "it.tar");
      await copy(`oci:${layout}`, `oci-archive:${archive}`, options);
      await push(archive, "target.test/archive/", options);

      for (
        const repository of ["direct", "layout/team/it", "archive/team/it"]
      ) {
        const there = target.repository(repository);
        assertEquals(there.tags.get("1"), digest, repository);
        for (const { descriptor, bytes } of content.documents) {
          assertEquals(there.documents.get(descriptor.digest)?.bytes, bytes);
        }
        for (const [digest, bytes] of content.blobs) {
          assertEquals(there.blobs.get(digest), bytes);
        }
      }
      for (const registry of [source, target]) registry.assertNoOpenBodies();
    }));
}

test("what only images go into refuses a chart, and so does a pull", () =>
  inFolder(async (folder) => {
    const registry = new FakeRegistry({ host: "source.test" });
    registry.add("team/it", chart, "1");
    const { fetch } = registry;
    const output = join(folder, "it.tar");
    const options = { fetch, cacheDir: false } as const;
    const from = "source.test/team/it:1";
    for (
      const run of [
        () => copy(from, `docker-archive:${output}`, options),
        () => copy(from, output, options),
        () => pull(from, { ...options, output, format: "oci-archive" }),
      ]
    ) {
      const error = await assertRejects(run, NotAnImageError);
      assertEquals(error.artifact, "helm-chart");
    }
  }));
