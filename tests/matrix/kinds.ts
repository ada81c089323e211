/** Kinds of images, each written in every form and compression. */

import { join } from "node:path";
import type { Format, Layers } from "../../lib/copy/forms.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import {
  buildImage,
  buildIndex,
  type BuiltImage,
  type ImageOptions,
} from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

/** A form with a compression. */
export interface Column {
  format: Format;
  layers: Layers;
}

/** All of them; Docker's old form knows one compression only. */
export const COLUMNS: readonly Column[] = [
  ...(["tar", "oci-archive", "oci"] as const).flatMap((format) =>
    (["as-is", "plain", "gzip", "zstd"] as const).map((layers) => ({
      format,
      layers,
    }))
  ),
  { format: "docker-legacy", layers: "plain" },
];

/** What a column is called. */
export function columnName({ format, layers }: Column): string {
  return `${format} ${layers}`;
}

/** A file that is to be loaded, and what should be found then. */
export interface MatrixFile {
  /** The file or folder. */
  path: string;
  /** The full names in it; none for an image without a tag. */
  names: string[];
  /** The image for linux/amd64: its ID and its root file system. */
  id: string;
  diffIds: string[];
}

const twice = { seed: "twice", size: 5000 };
const ARM = { os: "linux", architecture: "arm64" };

interface Kind {
  image?: ImageOptions;
  /** @default {[":1"]} */
  suffixes?: string[];
  /** Whether there is an index above it. */
  index?: { attestations?: boolean };
  options?: PullImagesOptions;
}

const KINDS: Record<string, Kind> = {
  gzip: { image: { layers: 3 } },
  "Docker's types": { image: { layers: 3, format: "docker" } },
  zstd: { image: { layers: [{ compression: "zstd", size: 70_000 }] } },
  mixed: {
    image: { layers: [{}, { compression: "none" }, { compression: "zstd" }] },
  },
  "empty layer": { image: { layers: [{}, { empty: true }, {}] } },
  "repeated layer": { image: { layers: [twice, {}, twice] } },
  "one layer": { image: { layers: 1 } },
  "125 layers": { image: { layers: 125 } },
  "no tag": { suffixes: ["@DIGEST"] },
  "two tags": { suffixes: [":1", ":2"] },
  "one of two platforms": { index: {} },
  "two platforms": {
    index: {},
    options: { platform: ["linux/amd64", "linux/arm64"] },
  },
  attestations: {
    index: { attestations: true },
    options: { attestations: true },
  },
};

/** What they are called. */
export const KIND_NAMES: readonly string[] = Object.keys(KINDS);

/** Writes the file of a kind, or throws where it cannot be. */
export async function makeFile(
  kind: string,
  { format, layers }: Column,
  folder: string,
): Promise<MatrixFile> {
  const { image: how, suffixes = [":1"], index, options } = KINDS[kind]!;
  const number = KIND_NAMES.indexOf(kind);
  const image = await buildImage({ seed: kind, layers: 2, ...how });
  const registry = new FakeRegistry();
  const repository = `app-${number}`;
  const content = index
    ? buildIndex([
      image,
      await buildImage({ seed: kind, layers: 2, platform: ARM }),
    ], index)
    : image;
  registry.add(repository, content, "1");
  registry.add(repository, content, "2");
  const { digest } = content.document.descriptor;
  const names = suffixes.map((suffix) =>
    `registry.test/${repository}${suffix.replace("DIGEST", digest)}`
  );
  const path = join(folder, `${number}-${format}-${layers}`);
  const { failures } = await pullImages(names, {
    fetch: registry.fetch,
    platform: "linux/amd64",
    ...options,
    output: path,
    format,
    layers,
    cacheDir: join(folder, "cache"),
  });
  if (failures.length > 0) throw failures[0]!.error;
  return {
    path,
    names: names.filter((name) => !name.includes("@")),
    ...factsOf(image),
  };
}

function factsOf({ config, diffIds }: BuiltImage) {
  return { id: config.descriptor.digest, diffIds };
}
