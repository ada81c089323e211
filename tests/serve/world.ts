/** A layout to serve from, and a client that asks for this and that. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServeProblem } from "../../lib/serve/catalog.ts";
import { serve } from "../../lib/serve/serve.ts";
import { parseDigest } from "../../lib/image/digest.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { inFolder } from "../disk/folder.ts";
import type { BuiltImage, BuiltIndex } from "../fixtures/mod.ts";

/** Something in a layout, with the name that loaders give it. */
export interface Held {
  content: BuiltImage | BuiltIndex;
  /** The full name; `undefined` for none. */
  name?: string;
  /** What `org.opencontainers.image.ref.name` says. */
  refName?: string;
}

export const IMAGE_NAME = "io.containerd.image.name";
export const REF_NAME = "org.opencontainers.image.ref.name";

/** A served layout. */
export interface ServeWorld {
  folder: string;
  layout: string;
  problems: ServeProblem[];
  handler: (request: Request) => Promise<Response>;
  /** Asks for a path. */
  get(path: string, init?: RequestInit): Promise<Response>;
  /** The code of an error's body. */
  code(path: string, init?: RequestInit): Promise<[number, string]>;
}

/** Writes blobs into a layout. */
export async function putBlobs(
  layout: string,
  blobs: Iterable<[string, Uint8Array]>,
): Promise<void> {
  for (const [digest, bytes] of blobs) {
    const { algorithm, hex } = parseDigest(digest);
    await mkdir(join(layout, "blobs", algorithm), { recursive: true });
    await writeFile(join(layout, "blobs", algorithm, hex), bytes);
  }
}

/** Writes the `index.json`. */
export async function putIndex(
  layout: string,
  manifests: Descriptor[],
): Promise<void> {
  await mkdir(layout, { recursive: true });
  await writeFile(
    join(layout, "oci-layout"),
    '{"imageLayoutVersion":"1.0.0"}',
  );
  await writeFile(
    join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests }),
  );
}

/** Writes a layout. */
export async function putLayout(layout: string, held: Held[]): Promise<void> {
  for (const { content } of held) {
    await putBlobs(layout, content.blobs);
    await putBlobs(
      layout,
      content.documents.map(({ descriptor, bytes }) => [
        descriptor.digest,
        bytes,
      ]),
    );
  }
  await putIndex(layout, held.map(entryOf));
}

/** The entry of an `index.json`. */
export function entryOf({ content, name, refName }: Held): Descriptor {
  const entry: Descriptor = { ...content.document.descriptor };
  if ("platform" in content) entry.platform = content.platform;
  const annotations: Record<string, string> = {};
  if (name !== undefined) annotations[IMAGE_NAME] = name;
  if (refName !== undefined) annotations[REF_NAME] = refName;
  return { ...entry, annotations };
}

/** Serves a layout of a test's own. */
export function inServeWorld(
  held: Held[],
  body: (world: ServeWorld) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const layout = join(folder, "My Images");
    await putLayout(layout, held);
    const problems: ServeProblem[] = [];
    const handler = serve(layout, {
      onProblem: (problem) => problems.push(problem),
    });
    const get = (path: string, init?: RequestInit) =>
      handler(new Request(`http://localhost:5000${path}`, init));
    await body({
      folder,
      layout,
      problems,
      handler,
      get,
      async code(path, init) {
        const response = await get(path, init);
        const { errors } = await response.json();
        return [response.status, errors[0].code];
      },
    });
  });
}
