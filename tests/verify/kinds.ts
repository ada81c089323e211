/** Kinds of images that loaders do not agree about, each as a file. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pull } from "../../lib/copy/pull.ts";
import { imageName, parseReference } from "../../lib/image/reference.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import {
  buildImage,
  type BuiltImage,
  type ImageOptions,
  type LayerOptions,
  MEDIA_TYPES,
  sha256,
} from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { dockerMembers, type Member, tar } from "./world.ts";

/** An image's file. */
export interface KindFile {
  /** What kind it is. */
  kind: string;
  /** The file. */
  path: string;
  /** The same image as a layout's folder, where it was pulled. */
  folder?: string;
  /** The full name in the file, if there is one. */
  name?: string;
  /** The image's ID. */
  id: string;
}

interface Kind {
  image: ImageOptions;
  /** @default {":1"} */
  suffix?: string;
  /** Makes the file of the image in place of a pull. */
  members?: (image: BuiltImage) => Member[];
  /** The name in that file; `false` for none. */
  name?: string | false;
}

const REF_NAME = "org.opencontainers.image.ref.name";
const FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
const twice: LayerOptions = { seed: "twice", size: 5000 };

/** As an OCI layer that may be had at another place. */
function foreign(layer: Descriptor): Descriptor {
  return {
    ...layer,
    mediaType: MEDIA_TYPES.oci.gzip.replace(".v1", ".nondistributable.v1"),
    urls: ["http://127.0.0.1:1/layer"],
  };
}

/** An image without its layers, which are at that other place only. */
function elsewhere(os: string): Kind {
  const name = "registry.test/app:1";
  return {
    image: {
      layers: 2,
      describe: foreign,
      platform: { os, architecture: "amd64" },
    },
    members(image) {
      const layers = image.layers.map(({ digest }) => digest.split(":")[1]!);
      return layoutMembers(image, name)
        .filter(([name]) => !layers.some((hex) => name.endsWith(hex)));
    },
    name,
  };
}

const KINDS: Record<string, Kind> = {
  gzip: { image: { layers: 3 } },
  "docker's types": { image: { layers: 3, format: "docker" } },
  zstd: { image: { layers: [{ compression: "zstd" }] } },
  mixed: {
    image: {
      layers: [{}, { compression: "none" }, { compression: "zstd" }],
    },
  },
  "empty layer": { image: { layers: [{}, { empty: true }, {}] } },
  "repeated layer": { image: { layers: [twice, {}, twice] } },
  "one layer": { image: { layers: 1 } },
  "no layer": { image: { layers: 0 } },
  "125 layers": { image: { layers: 125 } },
  "130 layers": { image: { layers: 130 } },
  "by digest": { image: { layers: 2 }, suffix: "@DIGEST" },
  "by tag and digest": { image: { layers: 2 }, suffix: ":1@DIGEST" },
  windows: {
    image: { platform: { os: "windows", architecture: "amd64" } },
  },
  "foreign layer": {
    image: {
      format: "docker",
      layers: 2,
      describe: (layer) => ({
        ...layer,
        mediaType: FOREIGN,
        urls: ["http://127.0.0.1:1/layer"],
      }),
    },
  },
  "foreign layer of oci": { image: { layers: 2, describe: foreign } },
  "foreign layer that is elsewhere": elsewhere("linux"),
  "windows, and a layer that is elsewhere": elsewhere("windows"),
  "octet-stream config": {
    image: { configType: "application/octet-stream", layers: 2 },
  },
  "no platform": {
    image: { config: { os: undefined, architecture: undefined } },
  },
  sha512: { image: { layers: 2, algorithm: "sha512" } },
  "no manifest of oci": {
    image: { layers: 2 },
    members: dockerMembers,
    name: "docker.io/team/app:1",
  },
  "130 layers, no manifest of oci": {
    image: { layers: 130 },
    members: dockerMembers,
    name: "docker.io/team/app:1",
  },
  "zstd, no manifest of oci": {
    image: { layers: [{ compression: "zstd" }] },
    members: dockerMembers,
    name: "docker.io/team/app:1",
  },
  "no manifest of docker": {
    image: { layers: 2 },
    members: (image) => layoutMembers(image, "registry.test/app:1"),
    name: "registry.test/app:1",
  },
  "no name": {
    image: { layers: 2 },
    members: (image) => layoutMembers(image),
    name: false,
  },
  "a tag alone": {
    image: { layers: 2 },
    members: (image) => layoutMembers(image, "1", REF_NAME),
    name: false,
  },
  "short name": {
    image: { layers: 2 },
    members: (image) => layoutMembers(image, "app:1"),
    name: "app:1",
  },
};

/** What they are called. */
export const KIND_NAMES: string[] = Object.keys(KINDS);

/** A layout's members, with that name for loaders. */
function layoutMembers(
  image: BuiltImage,
  name?: string,
  annotation = "io.containerd.image.name",
): Member[] {
  const documents = [image.manifest, image.config].map((
    { descriptor, bytes },
  ): [string, Uint8Array] => [descriptor.digest, bytes]);
  return [
    ["oci-layout", '{"imageLayoutVersion":"1.0.0"}'],
    [
      "index.json",
      JSON.stringify({
        schemaVersion: 2,
        manifests: [{
          ...image.manifest.descriptor,
          annotations: name ? { [annotation]: name } : undefined,
        }],
      }),
    ],
    ...[...new Map([...documents, ...image.blobs])].map((
      [digest, bytes],
    ): Member => [`blobs/${digest.replace(":", "/")}`, bytes]),
  ];
}

/** Makes them all below a folder. */
export async function makeKinds(folder: string): Promise<KindFile[]> {
  const files: KindFile[] = [];
  for (const [i, [kind, wanted]] of Object.entries(KINDS).entries()) {
    const { suffix = ":1", members } = wanted;
    const image = await buildImage({ seed: kind, ...wanted.image });
    // By this algorithm, whatever the manifest has.
    const id = sha256(image.config.bytes);
    const path = join(folder, `${i}.tar`);
    if (members) {
      await writeFile(path, tar(members(image)));
      files.push({ kind, path, id, name: wanted.name || undefined });
      continue;
    }
    const registry = new FakeRegistry();
    const repository = `app-${i}`;
    registry.add(repository, image, "1");
    const { digest } = image.manifest.descriptor;
    const reference = `registry.test/${repository}${
      suffix.replace("DIGEST", digest)
    }`;
    const { os, architecture } = image.platform;
    for (const [output, format] of [[path, "tar"], [`${path}.d`, "oci"]]) {
      await pull(reference, {
        fetch: registry.fetch,
        platform: kind === "no platform" ? undefined : `${os}/${architecture}`,
        format: format as "tar" | "oci",
        output,
        cacheDir: false,
      });
    }
    files.push({
      kind,
      path,
      folder: `${path}.d`,
      id,
      name: imageName(parseReference(reference), digest),
    });
  }
  return files;
}
