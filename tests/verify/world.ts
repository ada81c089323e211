/** Archives and layouts to verify: as a pull makes them, and tampered with. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { pull } from "../../lib/copy/pull.ts";
import type { VerifyReport } from "../../lib/verify/report.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { inFolder } from "../disk/folder.ts";
import {
  buildImage,
  type BuiltImage,
  type ImageOptions,
} from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

/** A pulled image. */
export interface VerifyWorld {
  folder: string;
  /** The archive, or the folder of the layout. */
  path: string;
  image: BuiltImage;
  verify(path?: string): Promise<VerifyReport>;
}

/** Pulls an image into a folder of the test's own. */
export function inVerifyWorld(
  body: (world: VerifyWorld) => Promise<void>,
  options: ImageOptions & { as?: "tar" | "oci"; tag?: string } = {},
): Promise<void> {
  const { as = "tar", tag = ":1", ...rest } = options;
  return inFolder(async (folder) => {
    const registry = new FakeRegistry();
    const image = await buildImage({ layers: 3, ...rest });
    registry.add("team/app", image, "1");
    const path = join(folder, as === "tar" ? "image.tar" : "layout");
    const digest = image.manifest.descriptor.digest;
    await pull(`registry.test/team/app${tag || `@${digest}`}`, {
      fetch: registry.fetch,
      platform: "linux/amd64",
      format: as,
      output: path,
      cacheDir: join(folder, "cache"),
    });
    registry.assertNoOpenBodies();
    await body({
      folder,
      path,
      image,
      verify: (other = path) => verifyImage(other),
    });
  });
}

/** The name of a blob. */
export const blobOf = (digest: string) => `blobs/${digest.replace(":", "/")}`;

/** Changes the bytes of a file. */
export async function change(
  path: string,
  edit: (bytes: Buffer) => Uint8Array | void,
): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(path, edit(bytes) ?? bytes);
}

/** An entry to write. */
export type Member = [
  name: string,
  content: string | Uint8Array,
  header?: { type?: string; target?: string; base256?: boolean },
];

/** A tar of these members, as plain as can be. */
export function tar(members: Member[]): Buffer {
  const blocks: Buffer[] = [];
  for (const [name, content, header = {}] of members) {
    const { type = "0", target = "", base256 } = header;
    const bytes = Buffer.from(content as string);
    const block = Buffer.alloc(512);
    block.write(name, 0, 100);
    block.write("0000644\0", 100);
    block.write(bytes.length.toString(8).padStart(11, "0"), 124);
    if (base256) {
      block.fill(0, 124, 136);
      block[124] = 0x80;
      block.writeUInt32BE(bytes.length, 132);
    }
    block.write("        ", 148);
    block.write(type, 156);
    block.write(target, 157, 100);
    block.write("ustar\0" + "00", 257);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(sum.toString(8).padStart(6, "0") + "\0 ", 148);
    blocks.push(block, bytes, Buffer.alloc((512 - bytes.length % 512) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** The members of a Docker archive of an image, as older programs write them. */
export function dockerMembers(image: BuiltImage): Member[] {
  const { descriptor, bytes } = image.config;
  const names = image.layers.map((_, i) => `${i}/layer.tar`);
  const manifest = [{
    Config: `${descriptor.digest.slice(7)}.json`,
    RepoTags: ["team/app:1"],
    Layers: names,
  }];
  return [
    ...image.layers.map(({ digest }, i): Member => [
      names[i]!,
      image.blobs.get(digest)!,
    ]),
    [manifest[0]!.Config, bytes],
    ["manifest.json", JSON.stringify(manifest)],
  ];
}

/** Who takes it, in the order of the report. */
export function takers({ loaders }: VerifyReport): string {
  return loaders.filter(({ accepts }) => accepts).map(({ name }) => name)
    .join(" ");
}

/** The kinds of problems, each once. */
export function codes({ problems }: VerifyReport): string {
  return [...new Set(problems.map(({ code }) => code))].sort().join(" ");
}

/** All loaders of archives. */
export const ALL =
  "docker-classic docker-containerd containerd podman skopeo-docker-archive skopeo-oci";

/** Those of a layout's folder: Podman calls the image after it. */
export function takersOfFolder(path: string): string {
  return /[A-Z]/.test(path) ? "skopeo-oci" : "podman skopeo-oci";
}
