/** Which image of an index is pulled. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  InvalidDocumentError,
  PlatformNotFoundError,
} from "../../lib/image/errors.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld } from "./world.ts";

const image = await buildImage({ layers: 2 });

test("pull() takes the image of the platform", () =>
  inPullWorld(async ({ registry, folder, pull, events }) => {
    const platforms = ["amd64", "arm64", "s390x"];
    const images = await Promise.all(
      platforms.map((architecture) =>
        buildImage({ platform: { os: "linux", architecture } })
      ),
    );
    for (const format of ["oci", "docker"] as const) {
      const index = buildIndex(images, { format, attestations: true });
      registry.add("app", index, format);
      for (const [i, architecture] of platforms.entries()) {
        const platform = `linux/${architecture}`;
        const result = await pull(`app:${format}`, { platform });
        assertEquals(result.platform, { os: "linux", architecture });
        assertEquals(result.digest, index.document.descriptor.digest);
        await assertHolds(join(folder, "image.tar"), images[i]!);
      }
      const error = await assertRejects(
        () => pull(`app:${format}`, { platform: "linux/riscv64" }),
        PlatformNotFoundError,
      );
      assertEquals(error.available.length, 3);
    }
    await pull("app:oci", { platform: "linux/amd64/v3" });
    assert(
      events.some((event) =>
        event.type === "warning" && event.warning.code === "platform-fallback"
      ),
    );
  }));

test("pull() finds an image in an index of indexes", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    let index = buildIndex([image]);
    for (let depth = 1; depth < 4; depth++) index = buildIndex([index]);
    registry.add("app", index, "deep");
    await pull("app:deep");
    await assertHolds(join(folder, "image.tar"), image);
    registry.add("app", buildIndex([index]), "too-deep");
    await assertRejects(
      () => pull("app:too-deep", { cacheDir: false }),
      InvalidDocumentError,
      "index-too-deep",
    );
  }));

test("pull() rejects a single image of another platform, if one was asked for", () =>
  inPullWorld(async ({ registry, folder, pull, events }) => {
    const other = await buildImage({
      platform: { os: "linux", architecture: "s390x" },
    });
    registry.add("app", other, "1");
    await assertRejects(() => pull("app:1"), PlatformNotFoundError, "s390x");
    assert(!existsSync(join(folder, "image.tar")));
    await pull("app:1", { platform: undefined });
    assert(
      events.some((event) =>
        event.type === "warning" && event.warning.code === "platform-mismatch"
      ),
    );
  }));
