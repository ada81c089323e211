/**
 * Reads the images that a layout's `index.json` names.
 *
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md}
 */

import { blobName } from "../archive/plan.ts";
import type { HeldFile } from "../archive/reader/files.ts";
import { type Fields, parseObject } from "../image/document_fields.ts";
import { CONFIG_SHAPE, LAYOUT_SHAPE } from "../image/document_shapes.ts";
import { deltaIn } from "../image/delta.ts";
import { InvalidDocumentError } from "../image/errors.ts";
import { parseIndex, parseManifest } from "../image/manifest.ts";
import {
  isConfig,
  isForeignLayer,
  isIndex,
  isLayer,
  isManifest,
  OCI_INDEX,
} from "../image/media_types.ts";
import { formatPlatform } from "../image/platform.ts";
import type { Descriptor, Manifest } from "../image/types.ts";
import {
  checkBlob,
  checkDiffId,
  checkFile,
  checkLeftOut,
  readConfig,
} from "./blobs.ts";
import type {
  FormFacts,
  ImageFacts,
  Inspection,
  LayerFacts,
} from "./inspection.ts";
import { REF_NAME } from "../image/annotations.ts";
import { INDEX, readNames } from "./layout_names.ts";
import type { VerifyProblem } from "./report.ts";

const LAYOUT = "oci-layout";
/** An index in an index in an index is enough. */
const MAX_DEPTH = 4;

/** Checks the images of `index.json`. */
export async function readLayoutImages(
  inspection: Inspection,
): Promise<FormFacts> {
  const { entries } = inspection.source;
  const facts: FormFacts = {
    present: entries.has(INDEX),
    problems: [],
    images: [],
    entries: 0,
    size: 0,
  };
  const { problems } = facts;
  if (!facts.present && !entries.has(LAYOUT)) return facts;
  await readMarker(inspection, problems);
  const file = await checkFile(inspection, INDEX, problems);
  if (!file) return facts;
  facts.size = file.size;
  const index = await inspection.reading(problems, INDEX, async () => {
    const bytes = await inspection.document(file.entry);
    const descriptor = { mediaType: OCI_INDEX, digest: INDEX, size: file.size };
    const parsed = parseIndex({ descriptor, bytes });
    inspection.delta = deltaIn(bytes);
    return parsed;
  });
  facts.entries = index?.manifests.length ?? 0;
  const walk = new Walk(inspection, facts);
  const taken = new Set<string>();
  for (const descriptor of index?.manifests ?? []) {
    const names = await readNames(inspection, descriptor, problems);
    const { platform, annotations } = descriptor;
    const key = `${annotations?.[REF_NAME]} ${
      platform ? formatPlatform(platform) : ""
    }`;
    if (annotations?.[REF_NAME] !== undefined && taken.has(key)) {
      inspection.report(problems, {
        code: "reference",
        subject: INDEX,
        fault: { code: "two-manifests", name: annotations[REF_NAME] },
      });
    }
    taken.add(key);
    await walk.visit(descriptor, names, problems, 0);
  }
  return facts;
}

async function readMarker(
  inspection: Inspection,
  problems: VerifyProblem[],
): Promise<void> {
  const file = await checkFile(inspection, LAYOUT, problems);
  if (!file) return;
  await inspection.reading(problems, LAYOUT, async () => {
    const bytes = await inspection.document(file.entry);
    const { imageLayoutVersion } = parseObject(bytes, LAYOUT_SHAPE, LAYOUT);
    if (imageLayoutVersion === "1.0.0") return;
    throw new InvalidDocumentError(LAYOUT, { code: "layout-version" });
  });
}

/** Goes from the index down to the layers. */
class Walk {
  readonly #inspection: Inspection;
  readonly #facts: FormFacts;
  readonly #seen = new Map<string, ImageFacts | undefined>();

  constructor(inspection: Inspection, facts: FormFacts) {
    this.#inspection = inspection;
    this.#facts = facts;
  }

  /** Checks a manifest or an index, and all below it. */
  async visit(
    descriptor: Descriptor,
    names: string[],
    problems: VerifyProblem[],
    depth: number,
  ): Promise<void> {
    const { digest, mediaType, platform } = descriptor;
    const inspection = this.#inspection;
    if (this.#seen.has(digest)) {
      this.#seen.get(digest)?.names.push(...names);
      return;
    }
    this.#seen.set(digest, undefined);
    const name = blobName(digest);
    // What is saved of an index is often the image of one platform.
    if (depth > 0 && !inspection.source.entries.has(name)) {
      const machine = platform ? formatPlatform(platform) : mediaType;
      inspection.note({ code: "not-there", digest, machine });
      return;
    }
    if (!isIndex(mediaType) && !isManifest(mediaType)) {
      await checkBlob(inspection, descriptor, problems);
      inspection.note({ code: "no-image", digest, mediaType });
      return;
    }
    const own: VerifyProblem[] = [];
    const blob = await checkBlob(inspection, descriptor, own);
    const document = blob?.ok
      ? {
        descriptor,
        bytes: await inspection.document(blob.entry).catch(() => undefined),
      }
      : undefined;
    const bytes = document?.bytes;
    if (isIndex(mediaType)) {
      for (const problem of own) inspection.report(problems, problem);
      const index = bytes && await inspection.reading(problems, name, () => {
        if (depth === MAX_DEPTH) {
          throw new InvalidDocumentError(digest, { code: "nested-too-deep" });
        }
        return parseIndex({ descriptor, bytes });
      });
      for (const child of index?.manifests ?? []) {
        await this.visit(child, names, problems, depth + 1);
      }
      return;
    }
    const manifest = bytes && await inspection.reading(
      own,
      name,
      () => parseManifest({ descriptor, bytes }),
    );
    const facts: ImageFacts = {
      form: "oci",
      names: [...names],
      digest,
      platform: platform && formatPlatform(platform),
      layers: [],
      size: 0,
      problems: own,
    };
    if (manifest && !(await this.#readImage(manifest, facts))) {
      for (const problem of own) inspection.report(problems, problem);
      return;
    }
    this.#seen.set(digest, facts);
    this.#facts.images.push(facts);
  }

  /** Whether a document speaks of layers, as an image's configuration does. */
  async #hasLayers(entry: HeldFile): Promise<boolean> {
    try {
      const bytes = await this.#inspection.document(entry);
      const { rootfs } = parseObject(bytes, CONFIG_SHAPE, entry.name);
      return Array.isArray((rootfs as Fields | undefined)?.diff_ids);
    } catch {
      return false;
    }
  }

  /** @returns Whether it is an image, and no artifact. */
  async #readImage(manifest: Manifest, facts: ImageFacts): Promise<boolean> {
    const inspection = this.#inspection;
    const { problems } = facts;
    const { config, layers } = manifest;
    facts.imageId = config.digest;
    facts.configType = config.mediaType;
    const blob = await checkBlob(inspection, config, problems);
    // Loaders go by what is in it where the type says nothing.
    const isImage = layers.every(({ mediaType }) => isLayer(mediaType)) &&
      (isConfig(config.mediaType) ||
        blob?.ok === true && await this.#hasLayers(blob.entry));
    const diffIds = isImage && blob?.ok
      ? await inspection.reading(
        problems,
        blobName(config.digest),
        async () =>
          readConfig(
            inspection,
            await inspection.document(blob.entry),
            facts,
            layers.length,
          ),
      )
      : undefined;
    for (const [i, descriptor] of layers.entries()) {
      const { digest, mediaType, size } = descriptor;
      const layer: LayerFacts = {
        name: blobName(digest),
        diffId: diffIds?.[i],
        urls: descriptor.urls,
      };
      facts.size += size;
      facts.layers.push(layer);
      if (isForeignLayer(mediaType) && !inspection.find(layer.name)) {
        inspection.note({ code: "elsewhere", name: layer.name, mediaType });
        layer.elsewhere = true;
        continue;
      }
      if (checkLeftOut(inspection, layer, digest, problems)) continue;
      const algorithm = isImage
        ? (layer.diffId ?? "sha256").split(":")[0]
        : undefined;
      const file = await checkBlob(inspection, descriptor, problems, algorithm);
      if (!file) continue;
      layer.compression = file.compression;
      checkDiffId(inspection, file, layer, problems);
    }
    if (!isImage) {
      inspection.note({ code: "artifact", digest: facts.digest! });
    }
    return isImage;
  }
}
