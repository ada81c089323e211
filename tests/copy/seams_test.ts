/** A source and a target that know neither network nor disk: copy() needs none. */
import { assertEquals } from "@std/assert";
import { copy } from "../../lib/copy/engine/copy.ts";
import { imageConfig, imageManifest } from "../../lib/copy/sets/documents.ts";
import { graphOf, imageRoot } from "../../lib/copy/engine/graph.ts";
import { FixedSource } from "./fixed_source.ts";
import { countTarget } from "./counting_target.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { Writers } from "../../lib/transfer/writers.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";

for (const threads of [false, true]) {
  test(`a fixed image is copied to where blobs are counted, threads: ${threads}`, async () => {
    const image = await buildImage({
      layers: [{ size: 3000 }, { size: 700_000 }],
    });
    const { manifest, blobs } = image;
    const source = new FixedSource({ tag: "1", manifest, blobs });
    const reference = parseReference("registry.test/team/app:1");
    const options = {
      source,
      wantedPlatform: image.platform,
      platformWasNamed: false,
      pulledBefore: false,
      onEvent: () => {},
    };
    const found = await imageManifest(reference, options);
    const documents = imageConfig(found, options);
    const graph = graphOf([imageRoot({ reference, found, documents }, source)]);
    const counted = { blobs: 0, bytes: 0, complete: false };
    const writers = new Writers({ connections: 3, threads });
    try {
      const { outcomes } = await copy(graph, countTarget(counted), writers, {
        force: false,
        trustCache: false,
        onEvent: () => {},
      });
      assertEquals(outcomes.length, 2);
    } finally {
      writers.close();
    }
    const bytes = image.layers.reduce((sum, { size }) => sum + size, 0);
    assertEquals(counted, { blobs: 2, bytes, complete: true });
  });
}
