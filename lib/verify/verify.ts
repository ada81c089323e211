/** Checks an image's archive or layout, and tells who will take it. */

import { isBefore110 } from "../archive/reader/images.ts";
import { openFiles } from "../archive/reader/open_files.ts";
import { defined } from "../image/defined.ts";
import { CALL, checkOptions, type Rules, SIGNAL } from "../image/options.ts";
import { digestOfName } from "../archive/reader/digest_of_name.ts";
import { checkFile } from "./blobs.ts";
import { readDockerImages } from "./docker_images.ts";
import {
  type FormFacts,
  type ImageFacts,
  Inspection,
  type VerifyOptions,
} from "./inspection.ts";
import { readLayoutImages } from "./layout_images.ts";
import { judge } from "./loaders.ts";
import type { VerifiedImage, VerifyReport } from "./report.ts";

export type { VerifyOptions };

/** What those options may be. */
const VERIFY_RULES: Rules<VerifyOptions> = {
  signal: SIGNAL,
  onProgress: CALL,
};

/**
 * Reads an archive, as of {@linkcode pull} or of another program, or the
 * folder of an OCI image layout, and checks all that can be known from its
 * bytes: every digest and size, the documents, the layers' diffIDs, the
 * references, the entries of the tar; and by the rules of the programs that
 * load images, which will take it. A layer is never in memory as a whole, and
 * no link of the file system is followed.
 *
 * @param path The file or folder.
 * @param options How to do so.
 * @returns What was found; an image that is wrong is no error.
 * @throws {TypeError} For an option that there is not.
 * @throws {StorageError} If it cannot be read.
 * @throws {ArchiveError} If it is neither a tar nor a layout.
 * @throws {InvalidDocumentError} If it has too many entries to be looked at.
 *
 * @example
 * ```ts ignore
 * import { verifyImage } from "@x/docker-pull";
 *
 * const { problems, loaders } = await verifyImage("library_nginx_latest.tar");
 * console.log(problems.length, loaders.filter(({ accepts }) => accepts));
 * ```
 */
export async function verifyImage(
  path: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  checkOptions("verify", options, VERIFY_RULES);
  const source = await openFiles(path, { signal: options.signal });
  const inspection = new Inspection(source, options);
  try {
    const layout = await readLayoutImages(inspection);
    const docker = await readDockerImages(inspection);
    if (!layout.present && !docker.present) {
      inspection.report([], {
        code: "missing",
        subject: source.kind === "archive" ? "the archive" : "the layout",
        fault: {
          code: isBefore110(source.entries) ? "before-1.10" : "no-documents",
        },
      });
    }
    compareForms(inspection, layout, docker);
    await checkRest(inspection);
    const { problems, notes, delta } = inspection;
    return defined({
      path,
      kind: source.kind,
      images: merge([...layout.images, ...docker.images]),
      delta,
      problems,
      notes,
      loaders: judge({ inspection, path, docker, layout }),
    });
  } finally {
    inspection.close();
    await source.close();
  }
}

/** Two loaders must not find two images in one archive. */
function compareForms(
  inspection: Inspection,
  layout: FormFacts,
  docker: FormFacts,
): void {
  const ids = new Set(layout.images.map(({ imageId }) => imageId));
  if (!layout.present || ids.has(undefined)) return;
  for (const { imageId } of docker.images) {
    if (imageId === undefined || ids.has(imageId)) continue;
    inspection.report([], {
      code: "reference",
      subject: "manifest.json",
      fault: { code: "not-in-index", imageId },
    });
  }
}

/** What no image speaks of is checked, too, if its name says what it is. */
async function checkRest(inspection: Inspection): Promise<void> {
  for (const { name, type } of inspection.source.entries.values()) {
    if (type === "special") {
      inspection.note({ code: "special", name });
    } else if (
      type === "file" && digestOfName(name) !== undefined &&
      !inspection.wasMeasured(name)
    ) {
      await checkFile(inspection, name, []);
    }
  }
}

/** An image that is there in both forms is one. */
function merge(all: ImageFacts[]): VerifiedImage[] {
  const images = new Map<string, VerifiedImage>();
  for (const [i, facts] of all.entries()) {
    const { form, names, digest, imageId, platform, layers, size } = facts;
    const key = imageId ?? digest ?? `${i}`;
    const ok = facts.problems.length === 0;
    const image = images.get(key);
    if (image) {
      image.ok &&= ok;
      // The full names are those of the layout.
      if (!image.names.length) image.names.push(...names);
      if (!image.forms.includes(form)) image.forms.push(form);
      continue;
    }
    images.set(
      key,
      defined({
        names: [...new Set(names)],
        forms: [form],
        digest,
        imageId,
        platform,
        layers: layers.length,
        size,
        ok,
      }),
    );
  }
  return [...images.values()];
}
