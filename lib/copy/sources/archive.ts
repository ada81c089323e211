/** An archive file as a source of images, whoever wrote it. */

import {
  ArchiveImages,
  type OpenImagesOptions,
} from "../../archive/reader/images.ts";
import type { Reference } from "../../image/reference.ts";
import { LocalSource } from "./local.ts";

/** An image in an archive as a source; to be closed. */
export class ArchiveSource extends LocalSource {
  readonly #archive: ArchiveImages;

  private constructor(archive: ArchiveImages, reference: Reference) {
    super(archive, reference);
    this.#archive = archive;
  }

  /**
   * Opens an archive that is there.
   *
   * @param path The file.
   * @param reference The image in it.
   * @throws {StorageError} If it cannot be read.
   * @throws {ArchiveError} If it is none.
   * @throws {InvalidDocumentError} If one of its documents is malformed.
   */
  static async open(
    path: string,
    reference: Reference,
    options: OpenImagesOptions = {},
  ): Promise<ArchiveSource> {
    return new ArchiveSource(
      await ArchiveImages.open(path, options),
      reference,
    );
  }

  /** Ends the reading. */
  close(): Promise<void> {
    return this.#archive.close();
  }
}
