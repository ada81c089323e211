/**
 * Reads the images that an archive's `manifest.json` names.
 *
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 */

import { posix } from "node:path";
import { digestOfName } from "../archive/reader/digest_of_name.ts";
import {
  type DockerEntry,
  MANIFEST,
  parseDockerEntries,
} from "../archive/reader/docker_manifest.ts";
import { InvalidDocumentError } from "../image/errors.ts";
import { parseReference } from "../image/reference.ts";
import { checkDiffId, checkFile, checkLeftOut, readConfig } from "./blobs.ts";
import type { FormFacts, ImageFacts, Inspection } from "./inspection.ts";

/** Checks the images of `manifest.json`. */
export async function readDockerImages(
  inspection: Inspection,
): Promise<FormFacts> {
  const facts: FormFacts = {
    present: inspection.source.entries.has(MANIFEST),
    problems: [],
    images: [],
    entries: 0,
    size: 0,
  };
  if (!facts.present) return facts;
  const { problems } = facts;
  const file = await checkFile(inspection, MANIFEST, problems);
  if (!file) return facts;
  facts.size = file.size;
  const entries = await inspection.reading(
    problems,
    MANIFEST,
    async () => parseDockerEntries(await inspection.document(file.entry)),
  ) ?? [];
  facts.entries = entries.length;
  for (const entry of entries) {
    facts.images.push(await readImage(inspection, entry));
  }
  return facts;
}

async function readImage(
  inspection: Inspection,
  { Config, RepoTags, Layers }: DockerEntry,
): Promise<ImageFacts> {
  const facts: ImageFacts = {
    form: "docker",
    names: RepoTags,
    layers: Layers.map((name) => ({ name })),
    size: 0,
    problems: [],
  };
  const { problems } = facts;
  for (const name of RepoTags) {
    await inspection.reading(
      problems,
      name,
      () => checkTag(name),
      "reference",
    );
  }
  const config = await checkFile(inspection, Config, problems);
  let diffIds: string[] | undefined;
  if (config && config.size === config.entry.size) {
    // A damaged one is still that of its name.
    facts.imageId = digestOfName(config.entry.name) ?? config.digest;
    diffIds = await inspection.reading(
      problems,
      Config,
      async () =>
        readConfig(
          inspection,
          await inspection.document(config.entry),
          facts,
          Layers.length,
        ),
    );
  }
  for (const [i, layer] of facts.layers.entries()) {
    layer.diffId = diffIds?.[i];
    const digest = digestOfName(posix.normalize(layer.name));
    if (checkLeftOut(inspection, layer, digest, problems)) continue;
    const algorithm = (layer.diffId ?? "sha256").split(":")[0];
    const file = await checkFile(inspection, layer.name, problems, algorithm);
    if (!file) continue;
    layer.compression = file.compression;
    layer.linked = file.linked;
    facts.size += file.size;
    // An empty file is taken for an empty layer.
    if (file.entry.size > 0) checkDiffId(inspection, file, layer, problems);
  }
  return facts;
}

function checkTag(name: string): void {
  const { digest } = parseReference(name);
  if (digest !== undefined || !/:[^/:]+$/.test(name)) {
    throw new InvalidDocumentError(
      name,
      { code: digest === undefined ? "no-tag" : "tag-with-digest" },
    );
  }
}
