/** Images whose digests are by SHA-512. */

import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Index } from "../../lib/image/types.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld } from "./world.ts";

for (const format of ["tar", "oci"] as const) {
  for (const cached of [true, false]) {
    test(`pull() brings an image by SHA-512 as ${format} ${cached ? "through" : "without"} a cache`, () =>
      inPullWorld(async ({ registry, folder, pull }) => {
        const image = await buildImage({ layers: 2, algorithm: "sha512" });
        registry.add("app", image, "1");
        const { digest } = image.manifest.descriptor;
        const output = join(folder, "out");
        const options = {
          format,
          output,
          cacheDir: cached && join(folder, "cache"),
        };
        const pulled = await pull(`app@${digest}`, options);
        assertEquals([pulled.layers, pulled.digest], [2, digest]);
        const { problems, images } = await verifyImage(output);
        assertEquals(problems, []);
        assertEquals(images.map(({ names, ok }) => [names, ok]), [[
          [`registry.test/app@${digest}`],
          true,
        ]]);
        assertEquals((await pull(`app@${digest}`, options)).upToDate, true);
        if (format === "tar") return;
        const index: Index = JSON.parse(
          await readFile(join(output, "index.json"), "utf8"),
        );
        assertEquals(index.manifests[0]!.digest, digest);
      }));
  }
}
