/** What must hold after a pull, whatever happened before. */

import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import type { SoakImage } from "./images.ts";

/** One file of a tar. */
interface Member {
  name: string;
  offset: number;
  size: number;
}

/**
 * Reads an archive with none of the library's own code: every blob against
 * its name, and the documents against the image that was pushed.
 *
 * @returns The image that is in it.
 */
export async function checkArchive(
  path: string,
  candidates: SoakImage[],
): Promise<SoakImage> {
  const handle = await open(path, "r");
  try {
    const members = await readMembers(handle);
    const read = async (name: string) => {
      const member = members.get(name);
      assert(member, `${name} is missing`);
      const bytes = new Uint8Array(member.size);
      await handle.read(bytes, 0, bytes.length, member.offset);
      return JSON.parse(new TextDecoder().decode(bytes));
    };
    const index = await read("index.json");
    const { digest } = index.manifests[0];
    const found = candidates.find(({ image }) =>
      image.manifest.descriptor.digest === digest
    );
    assert(found, `${digest} is none of the images`);
    const { image } = found;
    const [{ Config, Layers }] = await read("manifest.json");
    const blob = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
    assertEquals(Config, blob(image.config.descriptor.digest));
    assertEquals(Layers, image.layers.map(({ digest }) => blob(digest)));
    const expected = [digest, ...image.blobs.keys()].map(blob).sort();
    const blobs = [...members.keys()].filter((name) =>
      name.startsWith("blobs/")
    );
    assertEquals(blobs.sort(), expected);
    for (const name of expected) {
      const { offset, size } = members.get(name)!;
      assertEquals(await digestOf(path, offset, size), name.slice(13), name);
    }
    return found;
  } finally {
    await handle.close();
  }
}

async function readMembers(handle: FileHandle): Promise<Map<string, Member>> {
  const { size: total } = await handle.stat();
  const members = new Map<string, Member>();
  const header = new Uint8Array(512);
  const field = (start: number, length: number) =>
    new TextDecoder().decode(header.subarray(start, start + length))
      .split("\0", 1)[0]!;
  for (let at = 0; at < total;) {
    await handle.read(header, 0, 512, at);
    const name = field(0, 100);
    if (name === "") break;
    const size = parseInt(field(124, 12), 8);
    assert(!members.has(name), `${name} is there twice`);
    members.set(name, { name, offset: at + 512, size });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}

async function digestOf(
  path: string,
  start: number,
  size: number,
): Promise<string> {
  const hash = createHash("sha256");
  if (size > 0) {
    const stream = createReadStream(path, { start, end: start + size - 1 });
    for await (const bytes of stream) hash.update(bytes);
  }
  return hash.digest("hex");
}

/** Whatever has a final name in the cache is what its name says. */
export async function checkCache(folder: string): Promise<void> {
  const blobs = join(folder, "blobs", "sha256");
  for (const name of existsSync(blobs) ? readdirSync(blobs) : []) {
    const path = join(blobs, name);
    assertEquals(await digestOf(path, 0, statSync(path).size), name);
  }
}

/** Nothing but what belongs there, once the archive is complete. */
export function checkDebris(folder: string, archive: string): void {
  assertEquals(
    readdirSync(folder).filter((name) => name !== archive && name !== "cache"),
    [],
  );
  const cache = join(folder, "cache");
  if (!existsSync(cache)) return;
  assertEquals(
    readdirSync(cache).filter((name) =>
      !["verified.json", "used"].includes(name)
    ).sort(),
    ["blobs", "index.json", "ingest", "oci-layout"],
  );
}
