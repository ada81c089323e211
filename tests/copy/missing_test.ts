/** What is told of that which a registry does not have. */

import { assertEquals, assertRejects } from "@std/assert";
import { type Asked, RegistryError } from "../../lib/image/errors.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld } from "./world.ts";
import { problem } from "../registry_server/answers.ts";

const image = await buildImage();
const index = buildIndex([image]);
const { digest } = image.manifest.descriptor;
const layer = image.layers[0]!.digest;
const NONE = `sha256:${"0".repeat(64)}`;

/** What is asked for, what is gone, and what is then said to be missing. */
const MISSING: [what: string, name: string, gone: string, asked: Asked][] = [
  ["a tag", "app:2", "", { kind: "tag", tag: "2" }],
  ["a digest", `app@${NONE}`, "", { kind: "digest", digest: NONE }],
  ["an entry of an index", "app:1", digest, {
    kind: "child",
    digest,
    index: index.document.descriptor.digest,
    platform: image.platform,
  }],
  ["a layer", "app:1", layer, { kind: "blob", digest: layer }],
];

for (const [what, name, gone, asked] of MISSING) {
  test(`pull() tells that it is ${what} that is not there`, () =>
    inPullWorld(async ({ registry, pull }) => {
      registry.add("app", index, "1");
      registry.respond = ({ path }) =>
        gone && path.endsWith(gone)
          ? problem(404, "MANIFEST_UNKNOWN", "no")
          : undefined;
      const error = await assertRejects(() => pull(name), RegistryError);
      assertEquals([error.status, error.asked], [404, asked]);
    }));
}
