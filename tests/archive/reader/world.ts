/** Archives as programs of all times write them, and as nobody should. */
import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  ArchiveImages,
  type OpenImagesOptions,
} from "../../../lib/archive/reader/images.ts";
import { ArchiveError } from "../../../lib/image/errors.ts";
import { inFolder } from "../../disk/folder.ts";
import type { Member } from "../../verify/world.ts";
import { tar } from "../../verify/world.ts";

/** The hex digits of a digest. */
export const hex = (bytes: string | Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** Two layers, and the tar of each. */
export const LAYERS: Uint8Array[] = [
  tar([["etc/a", "one"]]),
  tar([["etc/b", "two"], ["etc/c", "three".repeat(500)]]),
];

/** The configuration of an image of these layers. */
export function configOf(layers: Uint8Array[]): string {
  return JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: {
      type: "layers",
      diff_ids: layers.map((layer) => `sha256:${hex(layer)}`),
    },
  });
}

/** How an archive is put together. */
export interface DockerOptions {
  /** The file of a layer by its number, and its bytes. */
  layer?: (i: number, bytes: Uint8Array) => [string, Uint8Array];
  /** The file of the configuration. */
  config?: (hex: string) => string;
  /** @default {["team/app:1"]} */
  tags?: string[] | null;
  /** Which layers, by their numbers. @default {[0, 1]} */
  order?: number[];
}

/** The members of a Docker archive. */
export function docker(options: DockerOptions = {}): Member[] {
  const {
    layer = (i, bytes) => [`${i}/layer.tar`, bytes],
    config = (hex) => `${hex}.json`,
    tags = ["team/app:1"],
    order = [0, 1],
  } = options;
  const layers = order.map((i) => layer(i, LAYERS[i]!));
  const text = configOf(order.map((i) => LAYERS[i]!));
  const name = config(hex(text));
  const list = [{
    Config: name,
    RepoTags: tags,
    Layers: layers.map(([name]) => name),
  }];
  return [
    ...new Map(layers).entries(),
    [name, text],
    ["manifest.json", JSON.stringify(list)],
  ];
}

/** The archive of Docker 1.10 to 24: a layer that is there twice is a link. */
export function docker2016(): Member[] {
  const [first, second, third] = ["1", "2", "3"].map((id) => id.repeat(64));
  const text = configOf([LAYERS[0]!, LAYERS[1]!, LAYERS[0]!]);
  const name = `${hex(text)}.json`;
  const folder = (id: string, layer: Member): Member[] => [
    [`${id}/`, "", { type: "5" }],
    [`${id}/VERSION`, "1.0"],
    [`${id}/json`, JSON.stringify({ id })],
    layer,
  ];
  return [
    ...folder(first!, [`${first}/layer.tar`, LAYERS[0]!]),
    ...folder(second!, [`${second}/layer.tar`, LAYERS[1]!]),
    ...folder(third!, [
      `${third}/layer.tar`,
      "",
      { type: "2", target: `../${first}/layer.tar` },
    ]),
    [name, text],
    [
      "manifest.json",
      JSON.stringify([{
        Config: name,
        RepoTags: ["app:old"],
        Layers: [first, second, third].map((id) => `${id}/layer.tar`),
      }]),
    ],
    ["repositories", JSON.stringify({ app: { old: third } })],
  ];
}

/** The members of an OCI archive of an image whose index says of it what it says. */
export function oci(
  annotations: Record<string, string> = {},
  nested = false,
): Member[] {
  const blob = (bytes: string | Uint8Array): Member => [
    `blobs/sha256/${hex(bytes)}`,
    bytes,
  ];
  const of = (mediaType: string, bytes: string | Uint8Array) => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: `sha256:${hex(bytes)}`,
    size: bytes.length,
  });
  const packed = LAYERS.map((layer) => gzipSync(layer));
  const config = configOf(LAYERS);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: of("config.v1+json", config),
    layers: packed.map((layer) => of("layer.v1.tar+gzip", layer)),
  });
  let top = of("manifest.v1+json", manifest);
  const members = [...packed.map(blob), blob(config), blob(manifest)];
  for (let i = 0; nested && i < 2; i++) {
    const index = JSON.stringify({ schemaVersion: 2, manifests: [top] });
    members.push(blob(index));
    top = of("index.v1+json", index);
  }
  return [
    ["oci-layout", '{"imageLayoutVersion":"1.0.0"}'],
    [
      "index.json",
      JSON.stringify({
        schemaVersion: 2,
        manifests: [{ ...top, annotations }],
      }),
    ],
    ...members,
  ];
}

/** Writes an archive into a folder of its own, and reads it. */
export function reading(
  bytes: Uint8Array | Member[],
  body: (
    archive: ArchiveImages,
    folder: string,
  ) => Promise<void> | void,
  options: OpenImagesOptions = {},
): Promise<void> {
  return inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writeFile(path, Array.isArray(bytes) ? tar(bytes) : bytes);
    const archive = await ArchiveImages.open(path, {
      spool: { folder: join(folder, "spool") },
      ...options,
    });
    try {
      await body(archive, folder);
    } finally {
      await archive.close();
    }
    const left = await readdir(join(folder, "spool")).catch(() => []);
    if (left.length) throw new Error(`left behind: ${left}`);
  });
}

/** The code of the error that an archive is refused with. */
export async function refusal(
  bytes: Uint8Array | Member[],
  options: OpenImagesOptions = {},
): Promise<string> {
  try {
    await reading(bytes, () => {}, options);
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    return `${(error as Error).name} ${(error as { code?: string }).code}`;
  }
  return "none";
}
