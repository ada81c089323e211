/** An archive as a place to serve from: its blobs are ranges of its bytes. */

import { ArchiveImages } from "../archive/reader/images.ts";
import type { FileState } from "../disk/verified_files.ts";
import {
  type Contents,
  type Shelf,
  type Stored,
  whenChanged,
} from "./shelf.ts";

/**
 * Serves an archive, whoever wrote it. It is open while it is looked through,
 * and then for as long as a blob is sent.
 */
export function archiveShelf(path: string): Shelf {
  const read = async (state: FileState): Promise<Contents> => {
    const archive = await ArchiveImages.open(path);
    try {
      const images = await archive.images();
      const held = archive.held();
      return {
        delta: archive.delta,
        entries: images.map(({ names, reference, descriptor }) => ({
          // A tag alone says nothing beside a full name.
          names: names.filter((name) => !reference || /[/:@]/.test(name)),
          descriptor,
        })),
        find: (digest) => Promise.resolve(storedAt(held, digest, state)),
        digests: () => Promise.resolve([...held.keys()]),
      };
    } finally {
      await archive.close();
    }
  };
  return { path, contents: whenChanged(path, read, { follow: true }) };
}

function storedAt(
  held: ReturnType<ArchiveImages["held"]>,
  digest: string,
  state: FileState,
): Stored | undefined {
  const found = held.get(digest);
  if (found === undefined) return undefined;
  if (found instanceof Uint8Array) {
    return { digest, size: found.length, bytes: found };
  }
  const { region, size } = found;
  return { digest, size, region, follow: true, state };
}
