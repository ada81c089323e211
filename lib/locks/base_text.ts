/**
 * Reads what a target's own programs print of what it has: `docker image
 * inspect`, `podman image inspect`, `ctr content ls -q`; and locks.
 */

import { defined } from "../image/defined.ts";
import type { Base, BaseImage } from "../image/delta.ts";
import { isDigest } from "../image/digest.ts";
import { DeltaError } from "../image/errors.ts";
import { formatReference, parseReference } from "../image/reference.ts";
import { type Lock, LOCK_KIND } from "./lock.ts";
import { readLock, type ReadLockOptions } from "./read_lock.ts";

/** The first line of `ctr content ls`, without `-q`. */
const HEADING = /^DIGEST\s/;

type Fields = Record<string, unknown>;

/**
 * Reads what says which layers a target has: what `docker image inspect` and
 * `podman image inspect` print, whole or their `.RootFS.Layers` alone; a list of
 * digests, as of `ctr content ls -q`; or a lock.
 *
 * @param text The text, or its bytes in UTF-8, or in UTF-16 as older PowerShells
 * write it.
 * @param options What it is called in errors.
 * @returns What the target has, or the lock.
 * @throws {DeltaError} If it tells of no layer.
 * @throws {LockError} If it is a lock that cannot be used, or a list in which an
 * image has no digest.
 * @throws {InvalidListError} If it is none of these.
 *
 * @example
 * ```ts
 * import { readBaseText } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * const digest = "sha256:" + "a".repeat(64);
 * const base = await readBaseText(`${digest}\n`);
 * assertEquals(base, { images: [], blobs: [digest] });
 * ```
 */
export async function readBaseText(
  text: string | Uint8Array,
  { name = "base" }: ReadLockOptions = {},
): Promise<Base | Lock> {
  const words = typeof text === "string" ? text : decoded(text);
  const lines = words.split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length === 0) throw new DeltaError(name, { code: "empty-base" });
  const blobs = lines.map((line) => line.split(/\s+/, 1)[0]!);
  const first = HEADING.test(lines[0]!) ? 1 : 0;
  if (blobs.slice(first).every(isDigest)) {
    if (blobs.length > first) return { images: [], blobs: blobs.slice(first) };
    throw new DeltaError(name, { code: "empty-base" });
  }
  const values = jsonIn(words, lines);
  if (values && !values.some(isLock)) {
    const images = imagesOf(values);
    if (images) return baseOf(images, name);
  }
  return await readLock(words, { name });
}

/** Text in UTF-8, or in UTF-16 with its mark. */
function decoded(bytes: Uint8Array): string {
  const [a, b] = bytes;
  const coding = a === 0xff && b === 0xfe
    ? "utf-16le"
    : a === 0xfe && b === 0xff
    ? "utf-16be"
    : "utf-8";
  return new TextDecoder(coding).decode(bytes);
}

/** The values of a JSON text, or of one with a value a line. */
function jsonIn(
  text: string,
  lines: readonly string[],
): unknown[] | undefined {
  try {
    return [JSON.parse(text.replace(/^\ufeff/, ""))];
  } catch {
    try {
      return lines.map((line) => JSON.parse(line));
    } catch {
      return undefined;
    }
  }
}

/** The images in what was printed; nothing where it is something else. */
function imagesOf(values: readonly unknown[]): BaseImage[] | undefined {
  const found: BaseImage[] = [];
  for (const value of values) {
    // `.RootFS.Layers` alone.
    if (isDigestList(value)) {
      if (value.length > 0) {
        found.push({ digests: [], layers: layersOf(value) });
      }
      continue;
    }
    for (const each of Array.isArray(value) ? value : [value]) {
      if (!isFields(each) || !isFields(each.RootFS)) return undefined;
      const { Layers: layers = [] } = each.RootFS;
      if (layers !== null && !isDigestList(layers)) return undefined;
      found.push(inspected(each, layers ?? []));
    }
  }
  return found;
}

function inspected(
  { Id, RepoTags, RepoDigests, Digest, Descriptor }: Fields,
  layers: readonly string[],
): BaseImage {
  const [tag] = texts(RepoTags);
  const repoDigests = texts(RepoDigests);
  const [served] = repoDigests.filter((name) => name.includes("@"))
    .flatMap((name) => fullName(name) ?? []);
  const own = isFields(Descriptor) ? [Descriptor.digest] : [];
  // Podman tells IDs without their algorithm, and they name configurations.
  const id = own.length > 0 ? [Id] : [];
  return defined({
    name: tag === undefined ? undefined : fullName(tag),
    digests: [
      ...new Set(
        [
          ...id,
          ...own,
          Digest,
          ...repoDigests.map((name) => name.replace(/^.*@/, "")),
        ].filter(isDigest),
      ),
    ],
    served,
    isContent: own.length > 0 || undefined,
    layers: layersOf(layers),
  });
}

function layersOf(diffIds: readonly string[]): BaseImage["layers"] {
  return diffIds.map((diffId) => ({ diffId }));
}

function baseOf(images: BaseImage[], name: string): Base {
  const some = images.filter(({ layers }) => layers.length > 0);
  if (some.length > 0) return { images: some, blobs: [] };
  throw new DeltaError(name, { code: "empty-base" });
}

/** A name as it is written in full; nothing for what is none. */
export function fullName(name: string): string | undefined {
  try {
    return formatReference(parseReference(name));
  } catch {
    return undefined;
  }
}

function isLock(value: unknown): boolean {
  return isFields(value) && value.kind === LOCK_KIND;
}

function isDigestList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isDigest);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((each) => typeof each === "string")
    : [];
}
