/**
 * The form of `docker save` before Docker 25: a folder for each layer, with
 * the layer's plain tar in it, and the configuration beside. All versions of
 * Docker load it; those before 1.10 know nothing but the folders.
 *
 * @see {@link https://github.com/moby/moby/blob/v24.0.0/image/tarexport/save.go}
 * @see {@link https://github.com/moby/moby/blob/v24.0.0/image/spec/v1.2.md}
 */

import { createHash } from "node:crypto";
import { parseDigest } from "../../image/digest.ts";
import { familiarName, type Reference } from "../../image/reference.ts";
import type { Descriptor } from "../../image/types.ts";
import type { ArchiveContent, ArchiveImage } from "../content.ts";
import type { Member } from "../plan.ts";

/** The version of a layer's folder. */
const VERSION = "1.0";
/** What Docker says of a container where there was none. */
const NO_CONTAINER = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};
/** What a configuration says of an image as a whole. */
const IMAGE_FIELDS = [
  "comment",
  "container",
  "docker_version",
  "author",
  "architecture",
  "variant",
  "os",
  "os.version",
];

const encoder = new TextEncoder();

/**
 * The members of the archive of some images. Their layers are plain tars, and
 * their configurations are there; of several platforms, the first is taken.
 *
 * A layer that occurs again is there once: Docker's link in its place is read
 * wrongly by containers/image, and its folder has no `layer.tar` here.
 *
 * @param content The images with their names, in the order of these.
 * @returns The members; documents first.
 */
export function dockerLegacyMembers({ roots }: ArchiveContent): Member[] {
  const members = new Map<string, Member>();
  const add = (name: string, bytes: Uint8Array) => {
    if (!members.has(name)) {
      members.set(name, { name, size: bytes.length, bytes });
    }
  };
  const entries = new Map<string, DockerImage>();
  const repositories: Record<string, Record<string, string>> = {};
  const paths = new Map<string, string>();
  const folders: LayerFolder[] = [];
  for (const { reference, images: [image] } of roots) {
    if (!image) continue;
    const own = layerFolders(image);
    for (const folder of own) {
      const { digest } = folder.layer;
      if (!paths.has(digest)) paths.set(digest, `${folder.id}/layer.tar`);
    }
    folders.push(...own);
    const name = configName(image);
    const entry = entries.get(name) ?? {
      Config: name,
      RepoTags: null,
      Layers: own.map(({ layer }) => paths.get(layer.digest)!),
    };
    entries.set(name, entry);
    if (reference.tag === undefined) continue;
    const { tag, repository } = familiar(reference);
    const full = `${repository}:${tag}`;
    if (!entry.RepoTags?.includes(full)) {
      entry.RepoTags = [...entry.RepoTags ?? [], full];
    }
    const top = own.at(-1);
    if (top) (repositories[repository] ??= {})[tag] = top.id;
  }
  add("manifest.json", json([...entries.values()]));
  if (Object.keys(repositories).length > 0) {
    add("repositories", json(repositories));
  }
  for (const { images: [image] } of roots) {
    if (image) add(configName(image), image.config!.bytes);
  }
  for (const { id, json: described } of folders) {
    add(`${id}/VERSION`, encoder.encode(VERSION));
    add(`${id}/json`, json(described));
  }
  for (const { layer: blob } of folders) {
    const name = paths.get(blob.digest)!;
    if (!members.has(name)) members.set(name, { name, size: blob.size, blob });
  }
  return [...members.values()];
}

/** An image in `manifest.json`. */
interface DockerImage {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

/** A layer's folder. */
interface LayerFolder {
  /** Its name. */
  id: string;
  /** What is said of it. */
  json: Record<string, unknown>;
  /** Its tar. */
  layer: Descriptor;
}

function layerFolders({ parsed, config }: ArchiveImage): LayerFolder[] {
  const described = JSON.parse(new TextDecoder().decode(config!.bytes));
  const folders: LayerFolder[] = [];
  let chain = "";
  let parent: string | undefined;
  for (const [i, layer] of parsed.layers.entries()) {
    // A plain layer's digest is its diffID.
    chain = i === 0
      ? layer.digest
      : `sha256:${hash(`${chain} ${layer.digest}`)}`;
    const isTop = i === parsed.layers.length - 1;
    // Lower ones are the same in all images that stand on them.
    const named = isTop ? parsed.config.digest : undefined;
    const id = hash(JSON.stringify({ layer_id: chain, parent, config: named }));
    folders.push({ id, layer, json: layerJson(id, parent, isTop, described) });
    parent = id;
  }
  return folders;
}

function layerJson(
  id: string,
  parent: string | undefined,
  isTop: boolean,
  described: Record<string, unknown>,
): Record<string, unknown> {
  if (!isTop) {
    return {
      id,
      parent,
      created: "1970-01-01T00:00:00Z",
      container_config: NO_CONTAINER,
      os: described.os ?? "linux",
    };
  }
  const fields = IMAGE_FIELDS.filter((name) => described[name] !== undefined)
    .map((name) => [name, described[name]]);
  return {
    id,
    parent,
    created: described.created ?? "1970-01-01T00:00:00Z",
    container_config: described.container_config ?? NO_CONTAINER,
    config: described.config ?? {},
    ...Object.fromEntries(fields),
  };
}

function configName({ parsed }: ArchiveImage): string {
  return `${parseDigest(parsed.config.digest).hex}.json`;
}

function familiar({ digest: _, tag, ...repository }: Reference) {
  return { tag: tag!, repository: familiarName(repository) };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}
