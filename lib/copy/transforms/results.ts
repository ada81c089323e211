/**
 * Remembers in the cache what layers were made into, so that the next pull
 * compresses none again. A result is that of one runtime's own compressor:
 * others may make other bytes of the same layer.
 */

import { join } from "node:path";
import process from "node:process";
import { readOwnText } from "../../disk/plain_file.ts";
import { parseDigest } from "../../image/digest.ts";
import { lockIn, replaceFile } from "../../layout/layout_files.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import type { NewBlob } from "../../layout/new_blob.ts";
import type { LayerForm } from "./layer_types.ts";
import type { LayerSource } from "./recompress.ts";

const FILE = "recompressed.json";
/** The lock of those who write it, one after the other. */
const LOCK = "recompressed.lock";
/** How many results are remembered: the newest. */
const MOST_RESULTS = 10_000;
/** No result of ours is longer, in characters. */
const MAX_RESULT = 512;

/** What compresses here: another version makes other results. */
function codec(form: LayerForm): string {
  const versions = process.versions as Record<string, string | undefined>;
  const known = ["deno", "bun", "node"].map((name) => versions[name] ?? "");
  return form === "plain" ? form : `${form} ${known.join("/")}`;
}

/** The results of a cache. */
export class Recompressed {
  readonly #cache: LayoutStore;
  readonly #codec: string;
  readonly #added: Map<string, NewBlob> = new Map();
  #known: Promise<Map<string, NewBlob>> | undefined;

  /**
   * Reads nothing yet.
   *
   * @param cache Where they are.
   * @param form The way of compression.
   */
  constructor(cache: LayoutStore, form: LayerForm) {
    this.#cache = cache;
    this.#codec = codec(form);
  }

  /** What a layer was made into, whether that is still there or not. */
  async find(source: LayerSource): Promise<NewBlob | undefined> {
    this.#known ??= this.#read();
    const key = this.#key(source);
    return this.#added.get(key) ?? (await this.#known).get(key);
  }

  /** Notes what a layer was made into. */
  add(source: LayerSource, blob: NewBlob): void {
    this.#added.set(this.#key(source), blob);
  }

  /** Writes down what was added, beside what others have written. */
  async save(): Promise<void> {
    if (this.#added.size === 0) return;
    const { path } = this.#cache;
    // Without it, the layers are compressed again.
    const lock = await lockIn(path, LOCK, {}).catch(() => {});
    try {
      const known = await this.#read();
      for (const [key, blob] of this.#added) {
        known.delete(key);
        known.set(key, blob);
      }
      const recompressed = Object.fromEntries([...known].slice(-MOST_RESULTS));
      await replaceFile(path, FILE, `${JSON.stringify({ recompressed })}\n`);
    } catch {
      // As above.
    } finally {
      await lock?.release();
    }
  }

  #key({ layer, diffId }: LayerSource): string {
    return `${layer.digest} ${diffId} ${this.#codec}`;
  }

  /** Whatever cannot be understood is not known. */
  async #read(): Promise<Map<string, NewBlob>> {
    try {
      // Another user could vouch for a layer of his.
      const text = await readOwnText(join(this.#cache.path, FILE)) ?? "{}";
      if (text.length > MOST_RESULTS * MAX_RESULT) return new Map();
      const { recompressed = {} } = JSON.parse(text);
      return new Map(
        Object.entries<NewBlob>(recompressed).filter(([, blob]) =>
          isBlob(blob)
        ),
      );
    } catch {
      return new Map();
    }
  }
}

function isBlob({ digest, size }: NewBlob): boolean {
  return parseDigest(digest).algorithm === "sha256" &&
    Number.isSafeInteger(size) && size >= 0;
}
