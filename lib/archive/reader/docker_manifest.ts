/**
 * The `manifest.json` of an archive, which names its images and their files.
 *
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 */

import { parseDocument } from "../../image/document_fields.ts";
import { ARCHIVE_SHAPE } from "../../image/document_shapes.ts";
import { InvalidDocumentError } from "../../image/errors.ts";
import type { DocumentProblem } from "../../image/problems.ts";

/** The file that names the images. */
export const MANIFEST = "manifest.json";
/** The most images in an archive. */
const MAX_IMAGES = 10_000;
/** The most layers of an image. */
const MAX_LAYERS = 1_000;

/** An entry of `manifest.json`. */
export interface DockerEntry {
  /** The file of its configuration. */
  Config: string;
  /** What it is called. */
  RepoTags: string[];
  /** The files of its layers, lowest first. */
  Layers: string[];
}

/**
 * Reads a `manifest.json`.
 *
 * @throws {InvalidDocumentError} If it is malformed, ambiguous or too long.
 */
export function parseDockerEntries(bytes: Uint8Array): DockerEntry[] {
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
