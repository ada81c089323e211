/**
 * A small record in one text: what is known of each of some things. Any number
 * of processes add to it, each beside what the others have written. What is
 * lost there is found out anew, no more.
 */

/** Where a record is written down. */
export interface RecordText {
  /** Gives the present text, if there is any. */
  read(): Promise<string | undefined>;
  /** Replaces it as a whole. */
  replace(text: string): Promise<void>;
  /**
   * Keeps others from writing it until it is released. Where nothing does, of
   * what two write at once one part may be lost.
   */
  lock?(
    options: { signal?: AbortSignal },
  ): Promise<{ release(): Promise<void> }>;
}

/** What a record holds. */
export interface RecordShape<T> {
  /** The field of the text's object that has all of it. */
  field: string;
  /** How many things are remembered: the newest. */
  most: number;
  /** Reads what is known of a thing; nothing where that makes no sense. */
  parse(value: unknown, key: string): T | undefined;
}

/** No entry of ours is longer, in characters. */
const MAX_ENTRY = 512;

/** A record of what is known, by key. */
export class TextRecord<T> {
  readonly #text: RecordText;
  readonly #shape: RecordShape<T>;

  /** Reads nothing yet. */
  constructor(text: RecordText, shape: RecordShape<T>) {
    this.#text = text;
    this.#shape = shape;
  }

  /** All that is known. Whatever cannot be understood is not. */
  async read(): Promise<Map<string, T>> {
    const { field, most, parse } = this.#shape;
    const known = new Map<string, T>();
    try {
      const text = await this.#text.read() ?? "{}";
      if (text.length > most * MAX_ENTRY) return known;
      for (
        const [key, value] of Object.entries(JSON.parse(text)[field] ?? {})
      ) {
        const parsed = parse(value, key);
        if (parsed !== undefined) known.set(key, parsed);
      }
    } catch {
      // As if it were not there.
    }
    return known;
  }

  /**
   * Writes down what was found out, where that is not known.
   *
   * @returns All that is known then.
   * @throws What the text throws where it cannot be written.
   */
  async add(
    added: ReadonlyMap<string, T>,
    options: { signal?: AbortSignal } = {},
  ): Promise<Map<string, T>> {
    const { field, most } = this.#shape;
    const lock = await this.#text.lock?.(options);
    try {
      const known = await this.read();
      let isNew = false;
      for (const [key, value] of added) {
        isNew ||= JSON.stringify(known.get(key)) !== JSON.stringify(value);
        known.delete(key);
        known.set(key, value);
      }
      if (isNew) {
        const newest = Object.fromEntries([...known].slice(-most));
        await this.#text.replace(`${JSON.stringify({ [field]: newest })}\n`);
      }
      return known;
    } finally {
      await lock?.release();
    }
  }
}
