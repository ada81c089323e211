/**
 * The very bytes of archives. A digest that changes here is a change of what
 * everybody has on disk: all archives are written anew, and k3s and others
 * that remember files take them for new ones. It must be meant.
 */

import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import {
  assembleImage,
  buildImage,
  buildIndex,
  type BuiltImage,
  type BuiltIndex,
  type ImageOptions,
  type LayerOptions,
  randomBytes,
  sha256,
} from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld } from "../copy/world.ts";

/** What is pulled, and how. */
interface Golden {
  content: BuiltImage | BuiltIndex;
  /** Goes after `registry.test/team/app`; `DIGEST` is that of the content. */
  suffix?: string;
  /** The digest of the archive, by sha256. */
  archive: string;
}

/** Compressors differ between runtimes, so that these layers have none. */
function image(
  layers: number | LayerOptions[],
  options: ImageOptions = {},
): Promise<BuiltImage> {
  const list = typeof layers === "number"
    ? Array.from({ length: layers }, (): LayerOptions => ({}))
    : layers;
  return buildImage({
    seed: "golden",
    ...options,
    layers: list.map((layer) => ({ compression: "none", ...layer })),
  });
}

/** What is in a layer is nobody's concern here. */
function zstdImage(): BuiltImage {
  const [bytes] = randomBytes("golden zstd", 3000);
  const digest = sha256(bytes!);
  const mediaType = "application/vnd.oci.image.layer.v1.tar+zstd";
  const layer = { mediaType, digest, size: bytes!.length };
  const built = assembleImage([layer], [digest], {});
  built.blobs.set(digest, bytes!);
  return built;
}

async function index(): Promise<BuiltIndex> {
  const images = ["amd64", "arm64"].map((architecture) =>
    image(2, { platform: { os: "linux", architecture } })
  );
  return buildIndex(await Promise.all(images), { attestations: true });
}

const twice = { seed: "twice", size: 5000 };
const GOLDEN: [name: string, golden: Golden][] = [
  ["one layer", {
    content: await image(1),
    archive: "465c955fe1ccbcafae295dbe75353dc776248be1097e64d1fd882c8e358f4b6b",
  }],
  ["six layers", {
    content: await image(6),
    archive: "0da9bce0dfa601b716100045b63a9e7ca589f2a1a263ce6c2e631031b9969fc0",
  }],
  ["Docker's types", {
    content: await image(2, { format: "docker" }),
    archive: "585ed941b6cba3d574696d1f1a0ae88639ba73359efa5d354f4edd6a63c670d9",
  }],
  ["125 layers", {
    content: await image(125),
    archive: "741b1c127b35c76d3550f068aeb463c34eece6fba0ac10ccfd559305e333fb47",
  }],
  ["no layer", {
    content: await image(0),
    archive: "06511c3c10d4a0b455936e9ebaebdd561bdbbaa99f1964e99c6180c2813715d5",
  }],
  ["an empty layer", {
    content: await image([{}, { empty: true }, {}]),
    archive: "4e98cf0723dfe740d3e0b4a1eb04b1eab16a195aa8978394612def076774a10f",
  }],
  ["a repeated layer", {
    content: await image([twice, {}, twice]),
    archive: "d7e2d23cbbdb133805d550c7ca2ef49332a75f607178710bcc86b272c181189f",
  }],
  ["a layer of zstd", {
    content: zstdImage(),
    archive: "24ec7c5f2ead132a3494429e8f5d90750a7120faaec0683aaf534ff2ee724048",
  }],
  ["an index", {
    content: await index(),
    archive: "c99ffcaf24ee8efac0a51fc22561604f3b650edbb429c93861c7583a7b518ac1",
  }],
  ["a tag and a digest", {
    content: await image(2),
    suffix: ":1@DIGEST",
    archive: "c99ffcaf24ee8efac0a51fc22561604f3b650edbb429c93861c7583a7b518ac1",
  }],
  ["an index by tag and digest", {
    content: await index(),
    suffix: ":1@DIGEST",
    archive: "c99ffcaf24ee8efac0a51fc22561604f3b650edbb429c93861c7583a7b518ac1",
  }],
  ["a digest", {
    content: await image(2),
    suffix: "@DIGEST",
    archive: "f16d03bafd329ecc3331acb791011e928e42122e212a8cec4defcea10ce218a1",
  }],
];

for (const [name, { content, suffix = ":1", archive }] of GOLDEN) {
  test(`the archive of an image with ${name} has the bytes it always had`, () =>
    inPullWorld(async ({ registry, pull }) => {
      registry.add("team/app", content, "1");
      const { digest } = content.document.descriptor;
      const reference = `team/app${suffix.replace("DIGEST", digest)}`;
      const { path } = await pull(reference);
      assertEquals(sha256(await readFile(path)), `sha256:${archive}`);
    }));
}
