/** The images of the soak: from one layer to forty, up to 60 MB. */

import {
  buildImage,
  type BuiltImage,
  type LayerOptions,
  push,
} from "../fixtures/mod.ts";

/** An image in the registry. */
export interface SoakImage {
  /** Its tag. */
  tag: string;
  /** Its content. */
  image: BuiltImage;
  /** The bytes of its distinct blobs, the manifest's included. */
  size: number;
}

/** The repository that holds them. */
export const REPOSITORY = "soak/app";

const PLATFORM = { os: "linux", architecture: "amd64" };

function layer(seed: string, size: number, gzip = false): LayerOptions {
  return gzip
    ? { seed, size, compression: "gzip", level: 1 }
    : { seed, size, compression: "none" };
}

function layers(
  count: number,
  size: number,
  seed: string,
  gzip = false,
): LayerOptions[] {
  return Array.from(
    { length: count },
    (_, i) => layer(`${seed}-${i}`, size, gzip),
  );
}

const MB = 1_000_000;

/** The layers of each, by tag; some share layers. */
const SPECS: Record<string, LayerOptions[]> = {
  one: layers(1, 24 * MB, "one"),
  sixty: layers(3, 20 * MB, "sixty"),
  large: [layer("large", 40 * MB), ...layers(6, 200_000, "large-small", true)],
  eight: layers(8, 4 * MB, "eight", true),
  // Half of the layers of the one above.
  eight2: [
    ...layers(4, 4 * MB, "eight", true),
    ...layers(4, 3 * MB, "eight2", true),
  ],
  forty: layers(40, 1_400_000, "forty"),
  tiny: layers(1, 1000, "tiny", true),
  many: [
    ...layers(36, 20_000, "many", true),
    layer("eight-0", 4 * MB, true),
    { empty: true },
    layer("many-5", 20_000, true),
  ],
};

/** Builds all of them. */
export async function buildSoakImages(): Promise<SoakImage[]> {
  const images: SoakImage[] = [];
  for (const [tag, layers] of Object.entries(SPECS)) {
    const image = await buildImage({ layers, platform: PLATFORM });
    let size = image.manifest.descriptor.size;
    for (const bytes of image.blobs.values()) size += bytes.length;
    images.push({ tag, image, size });
  }
  return images;
}

/** Puts them into a registry. */
export async function pushSoakImages(
  images: SoakImage[],
  url: string,
): Promise<void> {
  for (const { tag, image } of images) {
    await push(image, { url, repository: REPOSITORY, tag });
  }
}
