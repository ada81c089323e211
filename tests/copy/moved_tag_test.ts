/** What a tag is, where that changes or where the registry tells it badly. */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { RegistryError } from "../../lib/image/errors.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld } from "./world.ts";
import { problem } from "../registry_server/answers.ts";

const old = await buildImage({ layers: [{ size: 1000 }] });
const image = await buildImage({ layers: [{ size: 2000 }] });
const gone = `sha256:${"0".repeat(64)}`;

/** Whether a manifest is asked for by its digest. */
const byDigest = (path: string) => path.includes("/manifests/sha256:");

for (
  const [what, digest] of [
    ["a tag that has moved", old.document.descriptor.digest],
    ["a registry whose HEAD is old", gone],
  ]
) {
  test(`pull() of ${what} takes what the tag is at last, by one request more`, () =>
    inPullWorld(async ({ registry, folder, pull, asked }) => {
      registry.add("app", old, "1");
      await pull("app:1");
      registry.add("app", image, "1");
      registry.amend = (record, answer) => {
        if (record.method === "HEAD" && digest === gone) {
          answer.headers["docker-content-digest"] = digest;
        }
        return answer;
      };
      asked();
      const result = await pull("app:1", { force: true });
      const expected = image.document.descriptor.digest;
      assertEquals(result.digest, expected);
      assertEquals(asked().slice(0, 2), [
        "HEAD /v2/app/manifests/1",
        "GET /v2/app/manifests/1",
      ]);
      await assertHolds(join(folder, "image.tar"), image);
    }));
}

test("pull() needs no manifest by its digest, however often", () =>
  inPullWorld(async ({ registry, pull }) => {
    registry.respond = ({ path }) =>
      byDigest(path) ? problem(404, "MANIFEST_UNKNOWN", "no") : undefined;
    for (const content of [old, image]) {
      registry.add("app", content, "1");
      const { digest } = await pull("app:1");
      assertEquals(digest, content.document.descriptor.digest);
    }
    registry.add("app", buildIndex([image]), "2");
    await assertRejects(
      () => pull("app:2", { cacheDir: false }),
      RegistryError,
    );
  }));

test("pull() asks once for what HEAD does not tell", () =>
  inPullWorld(async ({ registry, pull, asked }) => {
    registry.add("app", old, "1");
    await pull("app:1");
    registry.add("app", image, "1");
    registry.amend = (record, answer) => {
      if (record.method === "HEAD") {
        delete answer.headers["docker-content-digest"];
      }
      return answer;
    };
    asked();
    await pull("app:1");
    assertEquals(asked().filter((line) => line.includes("/manifests/")), [
      "HEAD /v2/app/manifests/1",
      "GET /v2/app/manifests/1",
    ]);
  }));
