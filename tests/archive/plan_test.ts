import { assertEquals } from "@std/assert";
import { blobName } from "../../lib/archive/plan.ts";
import { test } from "../harness.ts";
import { content, layer, planOf } from "./content.ts";

const text = new TextDecoder();

/** A document of the archive, by its name. */
function member(
  plan: ReturnType<typeof planOf>,
  name: string,
): unknown {
  const i = plan.regions.findIndex(({ bytes }) =>
    text.decode(bytes.subarray(0, 100)).replace(/\0.*/s, "") === name
  );
  return i < 0
    ? undefined
    : JSON.parse(text.decode(plan.regions[i + 1]!.bytes));
}

test("planArchive() makes a layout and a Docker archive in one", () => {
  const image = content([layer(10), layer(20)], "nginx:1.27");
  const plan = planOf(image);
  const { manifest, config, parsed } = image;
  assertEquals(member(plan, "oci-layout"), { imageLayoutVersion: "1.0.0" });
  assertEquals(member(plan, "index.json"), {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{
      ...manifest.descriptor,
      annotations: {
        "io.containerd.image.name": "docker.io/library/nginx:1.27",
        "org.opencontainers.image.ref.name": "1.27",
      },
    }],
  });
  assertEquals(member(plan, "manifest.json"), [{
    Config: blobName(config.descriptor.digest),
    RepoTags: ["nginx:1.27"],
    Layers: parsed.layers.map(({ digest }) => blobName(digest)),
  }]);
  assertEquals(member(plan, "repositories"), {
    nginx: { "1.27": parsed.layers[1]!.digest.slice(7) },
  });
});

test("planArchive() names an image by digest after its manifest, and gives it no tag", () => {
  // Which may be that of an index; the archive has but one of its manifests.
  const digest = `sha256:${"a".repeat(64)}`;
  const pinned = content([layer(1)], `app@${digest}`);
  const plan = planOf(pinned);
  const [entry] = (member(plan, "index.json") as {
    manifests: Record<string, unknown>[];
  }).manifests;
  assertEquals(entry!.annotations, {
    "io.containerd.image.name":
      `docker.io/library/app@${pinned.manifest.descriptor.digest}`,
  });
  const [image] = member(plan, "manifest.json") as Record<string, unknown>[];
  assertEquals(image!.RepoTags, null);
  assertEquals(member(plan, "repositories"), undefined);
});

test("planArchive() keeps the tag of a reference with both", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const plan = planOf(content([layer(1)], `h.io/app:2@${digest}`));
  const [image] = member(plan, "manifest.json") as Record<string, unknown>[];
  assertEquals(image!.RepoTags, ["h.io/app:2"]);
  assertEquals(Object.keys(member(plan, "repositories") as object), [
    "h.io/app",
  ]);
});

test("planArchive() stores a layer that occurs twice once", () => {
  const plan = planOf(content([layer(10), layer(20), layer(10)]));
  assertEquals(plan.blobs.size, 2);
  const [image] = member(plan, "manifest.json") as { Layers: string[] }[];
  assertEquals(image!.Layers.length, 3);
  assertEquals(image!.Layers[0], image!.Layers[2]);
});

test("planArchive() stores a layer that is the configuration once", () => {
  const image = content([]);
  const { mediaType } = layer(1);
  const twin = { ...image.config.descriptor, mediaType };
  const plan = planOf({
    ...image,
    parsed: { ...image.parsed, layers: [twin] },
  });
  assertEquals(plan.blobs.size, 0);
});

test("planArchive() has the same places for all while the configuration is missing", () => {
  for (const variant of ["", "v7", "v".repeat(1000)]) {
    const image = content([layer(10), layer(2000)]);
    image.manifest.descriptor.platform = {
      os: "linux",
      architecture: "arm",
      ...(variant && { variant }),
    };
    const whole = planOf(image);
    const { platform: _, ...descriptor } = image.manifest.descriptor;
    const { config, ...rest } = image;
    const outline = planOf({
      ...rest,
      manifest: { ...image.manifest, descriptor },
    });
    assertEquals(outline.size, whole.size);
    assertEquals(outline.blobs, whole.blobs);
    const late = whole.regions.filter((region) =>
      !outline.regions.some(({ offset }) => offset === region.offset)
    );
    assertEquals(outline.regions.length + late.length, whole.regions.length);
    for (const region of outline.regions) {
      assertEquals(
        whole.regions.find(({ offset }) => offset === region.offset),
        region,
      );
    }
    const [index, last] = late;
    assertEquals(late.length, 2);
    assertEquals(last!.bytes, config!.bytes);
    const [entry] = JSON.parse(text.decode(index!.bytes)).manifests;
    assertEquals(
      entry.platform,
      variant.length > 100 ? undefined : image.manifest.descriptor.platform,
    );
  }
});

test("planArchive() takes an image without layers", () => {
  const plan = planOf(content([]));
  assertEquals(plan.blobs.size, 0);
  assertEquals(member(plan, "repositories"), undefined);
});
