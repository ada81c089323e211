/** Blobs to transfer, and places in memory that they go to. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers";
import { type Range, RangeSet } from "../../lib/disk/ranges.ts";
import type { BlobSource } from "../../lib/image/events.ts";
import type { BlobTask } from "../../lib/transfer/transfer.ts";
import type {
  Descriptor,
  Fetcher,
  ReadableSink,
} from "../../lib/image/types.ts";

/** A blob and its bytes. */
export interface TestBlob {
  /** What it is. */
  descriptor: Descriptor;
  /** Its bytes. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** A blob whose bytes follow from its size and a number. */
export function blob(size: number, seed = 1): TestBlob {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = seed * 2654435761 >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    words[i] = state ^= state << 5;
  }
  const bytes = new Uint8Array(words.buffer, 0, size);
  const hex = createHash("sha256").update(bytes).digest("hex");
  const mediaType = "application/vnd.oci.image.layer.v1.tar";
  return { descriptor: { mediaType, digest: `sha256:${hex}`, size }, bytes };
}

/** A place in memory, which sees to it that it is used as it should be. */
export class MemorySink implements ReadableSink {
  /** What is there. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Which of them. */
  readonly present: RangeSet;
  /** Bytes that were written in this run. */
  written = 0;
  /** How it ended. */
  end: "committed" | "discarded" | "closed" | undefined;
  /** Thrown by the next write. */
  failure: Error | undefined;
  #writing = 0;

  /** A place that holds some bytes already. */
  constructor(
    size: number,
    before: Uint8Array = new Uint8Array(),
    ranges?: Range[],
  ) {
    this.bytes = new Uint8Array(size);
    this.present = new RangeSet(ranges ?? [[0, before.length]]);
    for (const [start, end] of this.present.ranges) {
      this.bytes.set(before.subarray(start, end), start);
    }
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    assertEquals(this.end, undefined, "written after its end");
    assert(position + bytes.length <= this.bytes.length, "written too far");
    this.#writing++;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#writing--;
    if (this.failure) throw this.failure;
    this.bytes.set(bytes, position);
    this.present.add(position, position + bytes.length);
    this.written += bytes.length;
  }

  // deno-lint-ignore require-await
  async read(bytes: Uint8Array, position: number): Promise<number> {
    assertEquals(this.end, undefined, "read after its end");
    const part = this.bytes.subarray(position, position + bytes.length);
    bytes.set(part);
    return part.length;
  }

  commit(): void {
    this.#finish("committed");
  }

  discard(): void {
    this.#finish("discarded");
  }

  close(): void {
    this.#finish("closed");
  }

  #finish(end: "committed" | "discarded" | "closed"): void {
    assertEquals(this.end, undefined, `${end} after its end`);
    assertEquals(this.#writing, 0, `${end} while it is written`);
    this.end = end;
  }
}

/** Tasks as they are made here, with the place that the blobs come from. */
export function from<T extends object>(
  tasks: T[],
  source: Fetcher,
): (T & { source: Fetcher })[] {
  return tasks.map((task) => ({ ...task, source }));
}

/** A task, and the sinks that it was given, attempt by attempt. */
export interface TestTask extends Omit<BlobTask, "source"> {
  /** The sinks that were opened: the primary one, then the copies. */
  opened: MemorySink[][];
}

/** How the target of a {@linkcode TestTask} is made. */
export interface TaskOptions {
  /** How many copies besides. */
  copies?: number;
  /** Ranges that the first primary holds, of right bytes. */
  present?: Range[];
  /** Whether the first primary is a hit in the cache. */
  hit?: "right" | "damaged";
  /** Whether a hit is taken as it is. */
  trusted?: boolean;
  /** Waits before it opens. */
  before?: (onWait: () => void, signal: AbortSignal) => Promise<void>;
}

/** A task whose sinks are in memory. */
export function task(
  { descriptor, bytes }: TestBlob,
  options: TaskOptions = {},
): TestTask {
  const { copies = 1, present, hit, trusted = false, before } = options;
  const opened: MemorySink[][] = [];
  const { size } = descriptor;
  return {
    descriptor,
    opened,
    async open(attempt, { onWait, signal }) {
      assertEquals(attempt, opened.length);
      await before?.(onWait, signal);
      const cached = attempt === 0 && hit !== undefined;
      const content = bytes.slice();
      if (hit === "damaged") content[size >> 1]! ^= 1;
      const primary = cached
        ? new MemorySink(size, content)
        : new MemorySink(size, bytes, attempt === 0 ? present ?? [] : []);
      const sinks = Array.from({ length: copies }, () => new MemorySink(size));
      opened.push([primary, ...sinks]);
      const source: BlobSource = cached ? "cache" : "registry";
      return { primary, copies: sinks, source, trusted };
    },
  };
}

/** Fails unless the last sinks of a task hold the blob and are committed. */
export function assertDone({ opened }: TestTask, { bytes }: TestBlob): void {
  for (const sink of opened.at(-1)!) {
    assertEquals(sink.end, "committed");
    assert(Buffer.compare(sink.bytes, bytes) === 0, "the bytes are wrong");
  }
  for (const sink of opened.slice(0, -1).flat()) {
    assertEquals(sink.end, "discarded");
  }
}
