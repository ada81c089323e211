/**
 * Reads the images that an archive's `manifest.json` names.
 *
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 */

import type { DocumentProblem } from "../image/problems.ts";
import { parseDocument } from "../image/document_fields.ts";
import { ARCHIVE_SHAPE } from "../image/document_shapes.ts";
import { InvalidDocumentError } from "../image/errors.ts";
import { parseReference } from "../image/reference.ts";
import { checkDiffId, checkFile, digestOfName, readConfig } from "./blobs.ts";
import type { FormFacts, ImageFacts, Inspection } from "./inspection.ts";

/** The file that names them. */
const MANIFEST = "manifest.json";
/** The most images in an archive. */
const MAX_IMAGES = 10_000;
/** The most layers of an image. */
const MAX_LAYERS = 1_000;

/** An entry of `manifest.json`. */
interface DockerEntry {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

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
    async () => parseEntries(await inspection.document(file.entry)),
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

function parseEntries(bytes: Uint8Array): DockerEntry[] {
  const refuse = (problem: DocumentProblem) =>
    new InvalidDocumentError(MANIFEST, problem);
  const value = parseDocument(bytes, ARCHIVE_SHAPE, MANIFEST);
  if (!Array.isArray(value)) throw refuse({ code: "not-a-list" });
  if (value.length > MAX_IMAGES) {
    throw refuse({ code: "too-many-images", limit: MAX_IMAGES });
  }
  const texts = (field: unknown, name: string): string[] => {
    const list = field ?? [];
    if (
      !Array.isArray(list) || list.some((text) => typeof text !== "string")
    ) {
      throw refuse({ code: "no-names", field: name });
    }
    return list;
  };
  return value.map((entry) => {
    if (entry === null || typeof entry !== "object") {
      throw refuse({ code: "entry-no-object" });
    }
    const { Config, RepoTags, Layers } = entry as Record<string, unknown>;
    if (typeof Config !== "string") throw refuse({ code: "config-no-name" });
    const layers = texts(Layers, "Layers");
    if (layers.length > MAX_LAYERS) {
      throw refuse({ code: "image-too-many-layers", limit: MAX_LAYERS });
    }
    return { Config, RepoTags: texts(RepoTags, "RepoTags"), Layers: layers };
  });
}
