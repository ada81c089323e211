/** A layout's folder, such as the cache, as a place to serve from. */

import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ifThere } from "../disk/io.ts";
import { readText } from "../disk/plain_file.ts";
import { IMAGE_NAME, REF_NAME } from "../image/annotations.ts";
import { isDigest } from "../image/digest.ts";
import { readDescriptor } from "../image/document_fields.ts";
import { InvalidDocumentError, StorageError } from "../image/errors.ts";
import type { Descriptor } from "../image/types.ts";
import type { LayoutStore } from "../layout/layout_store.ts";
import { type Contents, type Entry, type Shelf, whenChanged } from "./shelf.ts";

/** The most entries of an `index.json` that are served. */
const MAX_ENTRIES = 100_000;

/** Serves a layout; its blobs are plain files, and no link is followed. */
export function layoutShelf(layout: LayoutStore): Shelf {
  const { path } = layout;
  const index = join(path, "index.json");
  const read = async (): Promise<Contents> => {
    const text = await readText(index);
    return {
      entries: indexEntries(text, index),
      // What documents refer to may be anything.
      find: async (digest) =>
        isDigest(digest)
          ? await findBlob(layout.blobPath(digest), digest)
          : undefined,
      digests: () => listBlobs(path),
    };
  };
  return { path, contents: whenChanged(index, read) };
}

async function findBlob(path: string, digest: string) {
  const state = await lstat(path, { bigint: true }).catch(() => undefined);
  if (!state?.isFile()) return undefined;
  const size = Number(state.size);
  const region = { path, offset: 0 };
  return { digest, size, region, follow: false, state };
}

async function listBlobs(path: string): Promise<string[]> {
  const digests: string[] = [];
  for (const algorithm of ["sha256", "sha512", "blake3"]) {
    const folder = join(path, "blobs", algorithm);
    const names = await ifThere("read", folder, () => readdir(folder)) ?? [];
    digests.push(...names.map((name) => `${algorithm}:${name}`));
  }
  return digests.filter(isDigest);
}

/**
 * What an `index.json` lists.
 *
 * @throws {StorageError} With the code `malformed` if it is none.
 */
export function indexEntries(text: string | undefined, path: string): Entry[] {
  let manifests: unknown;
  try {
    manifests = JSON.parse(text ?? "{}").manifests ?? [];
  } catch (cause) {
    throw new StorageError("use", path, "malformed", { cause });
  }
  if (!Array.isArray(manifests) || manifests.length > MAX_ENTRIES) {
    throw new StorageError("use", path, "malformed");
  }
  return manifests.flatMap((value, i) => {
    try {
      const descriptor = readDescriptor(value, `manifests[${i}]`, path);
      return [{ names: namesOf(descriptor), descriptor }];
    } catch (error) {
      // Whatever else others have put there.
      if (error instanceof InvalidDocumentError) return [];
      throw error;
    }
  });
}

function namesOf({ annotations = {} }: Descriptor): string[] {
  const [full, asked] = [annotations[IMAGE_NAME], annotations[REF_NAME]];
  const names = [full, asked].filter((name) => typeof name === "string");
  // Beside a full name, a mere tag says the same once more.
  return [...new Set(names)].filter((name) =>
    name === full || full === undefined || /[/:@]/.test(name)
  );
}
