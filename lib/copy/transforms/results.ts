/**
 * Remembers in the cache what layers were made into, so that the next pull
 * compresses none again. A result is that of one runtime's own compressor:
 * others may make other bytes of the same layer.
 */

import process from "node:process";
import { TextRecord } from "../../disk/text_record.ts";
import { parseDigest } from "../../image/digest.ts";
import { recordIn } from "../../layout/layout_files.ts";
import type { LayoutStore } from "../../layout/layout_store.ts";
import type { NewBlob } from "../../layout/new_blob.ts";
import type { LayerForm } from "./layer_types.ts";
import type { LayerSource } from "./recompress.ts";

/** Another way of cutting layers into blocks, or of these, makes others. */
const WAY = 2;

/** What compresses here: another version makes other results. */
function codec(form: LayerForm): string {
  const versions = process.versions as Record<string, string | undefined>;
  const known = ["deno", "bun", "node"].map((name) => versions[name] ?? "");
  return form === "plain" ? form : `${form} ${WAY} ${known.join("/")}`;
}

/** The results of a cache. */
export class Recompressed {
  readonly #record: TextRecord<NewBlob>;
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
    this.#record = new TextRecord(
      recordIn(cache.path, "recompressed", { locked: true }),
      { field: "recompressed", most: 10_000, parse: parseBlob },
    );
    this.#codec = codec(form);
  }

  /** What a layer was made into, whether that is still there or not. */
  async find(source: LayerSource): Promise<NewBlob | undefined> {
    this.#known ??= this.#record.read();
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
    // Without it, the layers are compressed again.
    await this.#record.add(this.#added).catch(() => {});
  }

  #key({ layer, diffId }: LayerSource): string {
    return `${layer.digest} ${diffId} ${this.#codec}`;
  }
}

function parseBlob(value: unknown): NewBlob | undefined {
  const { digest, size } = value as NewBlob;
  const isRight = parseDigest(digest).algorithm === "sha256" &&
    Number.isSafeInteger(size) && size >= 0;
  return isRight ? { digest, size } : undefined;
}
