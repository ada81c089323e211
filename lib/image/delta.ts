/**
 * Deltas: archives that lack layers which their target has already. They say
 * so themselves, in an annotation of their `index.json`.
 */

import { defined } from "./defined.ts";
import { isDigest } from "./digest.ts";
import type { ArchiveProblem } from "./problems.ts";

/** The annotation in which an archive says what it lacks. */
export const DELTA = "docker-pull.delta";
/** The only version there is. */
const VERSION = 1;

/** A layer of a target, as far as it is known. */
export interface BaseLayer {
  /** The digest of its bytes as they are stored there. */
  digest?: string;
  /** The digest of its uncompressed bytes. */
  diffId?: string;
}

/** An image that a target has. */
export interface BaseImage {
  /** Its full name, where it has one. */
  name?: string;
  /** By which it is known there: the digests of its index and its manifest. */
  digests: string[];
  /** Its full name with its digest, by which its registry may tell of it. */
  served?: string;
  /**
   * Whether it is kept as it was served, so that a layer is there by the digest
   * of its very bytes only.
   *
   * @default {false}
   */
  isContent?: boolean;
  /** Its layers, lowest first. */
  layers: BaseLayer[];
}

/** What a target has already, as {@linkcode readBase} finds it out. */
export interface Base {
  /** Its images. */
  images: BaseImage[];
  /** The digests of blobs of which more is not known. */
  blobs: string[];
}

/**
 * By what a loader finds a layer that it has: by the digest of its uncompressed
 * bytes and of those below it, as Docker's graph drivers do; by the digest of
 * its very bytes, as containerd does; or `both`, so that either finds it.
 */
export type FoundBy = "both" | "diff-id" | "digest";

/** A layer that a delta lacks. */
export interface LeftOutLayer {
  /** The digest of its bytes as they are served. */
  digest: string;
  /** The digest of its uncompressed bytes. */
  diffId: string;
  /** Its size in bytes, as it is served. */
  size: number;
}

/** What a delta was measured against. */
export interface DeltaBase {
  /** The full name of the image, where it has one. */
  name?: string;
  /** By which it is known: the digests of its index and its manifest. */
  digests: string[];
  /**
   * Which of the layers that the delta lacks it has with the very same bytes,
   * by their place in the list of these, from 0 on.
   */
  layers: number[];
}

/** What an archive lacks, as its target has it. */
export interface Delta {
  /** By what a loader has to find it. */
  foundBy: FoundBy;
  /** The layers that it lacks, each once. */
  layers: LeftOutLayer[];
  /** What they were found in. */
  base: DeltaBase[];
}

/** Writes what a delta says of itself. */
export function formatDelta({ foundBy, layers, base }: Delta): string {
  return JSON.stringify({ version: VERSION, foundBy, layers, base });
}

/**
 * Reads what an archive says of itself, which may be anything.
 *
 * @param text The annotation, if there is one.
 * @returns What it lacks; nothing where it does not say so as it should.
 */
export function parseDelta(text: unknown): Delta | undefined {
  if (typeof text !== "string") return undefined;
  const fields = objectOf(parsed(text));
  const { version, foundBy } = fields;
  if (version !== VERSION || !isFoundBy(foundBy)) return undefined;
  const layers = listOf(fields.layers).map(objectOf);
  if (layers.length === 0 || !layers.every(isLayer)) return undefined;
  const base = listOf(fields.base).map(objectOf).map((each): DeltaBase =>
    defined({
      name: typeof each.name === "string" ? each.name : undefined,
      digests: listOf(each.digests).filter(isDigest),
      layers: listOf(each.layers).filter((n): n is number =>
        Number.isInteger(n) && layers[n as number] !== undefined
      ),
    })
  );
  return {
    foundBy,
    layers: layers.map(({ digest, diffId, size }) => ({
      digest,
      diffId,
      size,
    })),
    base,
  };
}

/** What an archive lacks, by the bytes of its `index.json`, which is JSON. */
export function deltaIn(index: Uint8Array): Delta | undefined {
  const { annotations } = objectOf(parsed(new TextDecoder().decode(index)));
  return parseDelta(objectOf(annotations)[DELTA]);
}

/**
 * Why a layer cannot be read from an archive, where that is a delta and lacks
 * it on purpose.
 */
export function lacksOf(
  delta: Delta | undefined,
  digest: string,
): Extract<ArchiveProblem, { code: "delta" }> | undefined {
  if (!delta?.layers.some((layer) => layer.digest === digest)) return undefined;
  return {
    code: "delta",
    layers: delta.layers.length,
    size: lackingBytes(delta.layers),
    base: delta.base.flatMap(({ name }) => name ?? []),
  };
}

/** The bytes of the layers that a delta lacks, as they are served. */
export function lackingBytes(layers: readonly LeftOutLayer[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

function isFoundBy(value: unknown): value is FoundBy {
  return value === "both" || value === "diff-id" || value === "digest";
}

function isLayer(
  fields: Record<string, unknown>,
): fields is Record<string, unknown> & LeftOutLayer {
  const { digest, diffId, size } = fields;
  return isDigest(digest) && isDigest(diffId) && Number.isSafeInteger(size) &&
    (size as number) >= 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
