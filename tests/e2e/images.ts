/** The images that must load everywhere. */

import {
  buildImage,
  buildIndex,
  type BuiltImage,
  type BuiltIndex,
  type Format,
} from "../fixtures/mod.ts";
import { HOST_PLATFORM } from "./workspace.ts";

/** An image under test. */
export interface ImageCase {
  /** The repository's name. */
  name: string;
  /** Options that choose the image. */
  args: string[];
  /** What is pushed. */
  content: BuiltImage | BuiltIndex;
  /** What is to be loaded of it. */
  image: BuiltImage;
  /** A path in the image, and its text. */
  file: [path: string, text: string];
}

const FILE: [string, string] = ["etc/motd", "a file of the first layer\n"];
const FIRST = { files: { [FILE[0]]: FILE[1] } };

async function single(
  name: string,
  layers: Parameters<typeof buildImage>[0] & object,
): Promise<ImageCase> {
  const image = await buildImage({ platform: HOST_PLATFORM, ...layers });
  return { name, args: [], content: image, image, file: FILE };
}

function numbered(count: number, format: Format): Promise<ImageCase> {
  const rest = Array.from({ length: count - 1 }, () => ({}));
  return single(`layers-${count}`, { layers: [FIRST, ...rest], format });
}

async function listed(
  name: string,
  format: Format,
  wanted: number,
  attestations: boolean,
): Promise<ImageCase> {
  const platforms = [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
    { os: "linux", architecture: "arm", variant: "v7" },
  ];
  const images = await Promise.all(platforms.map((platform) =>
    buildImage({
      platform,
      format,
      layers: [FIRST, { seed: Object.values(platform).join("-") }],
    })
  ));
  const platform = Object.values(platforms[wanted]!).join("/");
  return {
    name,
    args: ["--platform", platform],
    content: buildIndex(images, { format, attestations }),
    image: images[wanted]!,
    file: FILE,
  };
}

/** All of them. */
export async function makeImages(): Promise<ImageCase[]> {
  const twice = { size: 50_000, seed: "twice" };
  return [
    await numbered(1, "oci"),
    await numbered(6, "docker"),
    await numbered(40, "oci"),
    await numbered(125, "docker"),
    await single("identical", { layers: [FIRST, twice, {}, twice] }),
    await single("empty", { layers: [FIRST, { empty: true }, {}] }),
    await single("plain", { layers: [FIRST, { compression: "none" }] }),
    await listed("docker-list", "docker", 2, false),
    await listed("oci-index", "oci", 1, true),
  ];
}
