/** What is written: where it really goes, and in which form. */

import { join } from "node:path";
import { archiveName } from "../../archive/name.ts";
import { archiveOutput } from "../../archive/output.ts";
import type { Reference } from "../../image/reference.ts";
import type { Platform } from "../../image/types.ts";
import { layoutOutput } from "../../layout/output.ts";
import {
  checkEnding,
  endingOf,
  formatOf,
  type FormOptions,
  isFolder,
  targetFor,
} from "../forms.ts";
import type { ImageTarget } from "../engine/target.ts";

/** Where images go. */
export interface Destination {
  /** Writes them. */
  target: ImageTarget;
  /** What the result calls it. */
  path: string;
  /** The file or folder, links followed, where it is one. */
  output?: string;
  /**
   * Whether what is no image goes there as well, such as a chart.
   *
   * @default {false}
   */
  takesArtifacts?: boolean;
}

/**
 * Opens a place for images, and looks at nothing but what is there.
 *
 * @param output Its path, or a stream.
 * @param form What is written.
 * @param force Whether anything there is given up.
 * @throws {StorageError} If it may not be written.
 * @throws {RangeError} If a folder is to go to a stream.
 */
export async function openOutput(
  output: string | WritableStream<Uint8Array>,
  form: FormOptions,
  force: boolean,
): Promise<Destination> {
  if (output instanceof WritableStream) {
    if (isFolder(form.format ?? "tar")) {
      throw new RangeError("Cannot pull a folder to a stream");
    }
    return { target: await targetFor(output, form), path: "-" };
  }
  checkEnding(output, form);
  const open = isFolder(formatOf(form)) ? layoutOutput : archiveOutput;
  const file = await open(output, force);
  return { target: await targetFor(file, form), path: output, output: file };
}

/** The path of an image's own file, in the folder or in the current one. */
export function ownPath(
  reference: Reference,
  platform: Platform | undefined,
  form: FormOptions,
  folder: string | undefined,
): string {
  const name = archiveName(reference, platform, endingOf(form));
  return folder === undefined ? name : join(folder, name);
}
