/**
 * Digests of blobs on their way: in a thread of their own where there is much
 * to hash, because hashing takes as long as all the rest of a transfer.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { createHasher } from "../digest.ts";

/** Computes the digest of one blob; buffers are lent to it. */
export interface BlobHasher {
  /**
   * Takes the next bytes. Their buffer belongs to the hasher until it is
   * given back.
   */
  update(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> | ArrayBuffer;
  /** The digest of all bytes, as `algorithm:hex`. It is called once. */
  digest(): Promise<string>;
}

/** Makes hashers. */
export interface Hashing {
  /** A hasher for one blob. */
  hasher(algorithm: string): BlobHasher;
  /** Ends the threads. */
  close(): void;
}

/** What a thread costs to start is worth it from so many bytes on. */
const WORTH_A_THREAD = 96 * 1024 * 1024;

/**
 * Prepares to hash so many bytes.
 *
 * @param bytes How many there may be.
 * @returns What makes the hashers; it must be closed.
 */
export function openHashing(bytes: number): Hashing {
  const inline = { hasher: inlineHasher, close: () => {} };
  if (bytes < WORTH_A_THREAD || availableParallelism() < 2) return inline;
  let thread: HashThread | undefined;
  try {
    thread = new HashThread();
  } catch {
    return inline; // no threads here: it takes longer, and works
  }
  return {
    hasher: (algorithm) =>
      algorithm === "sha256" || algorithm === "sha512"
        ? thread.hasher(algorithm)
        : inlineHasher(algorithm),
    close: () => thread.close(),
  };
}

function inlineHasher(algorithm: string): BlobHasher {
  const hasher = createHasher(algorithm);
  return {
    update: (bytes) => {
      hasher.update(bytes);
      return bytes.buffer;
    },
    digest: async () => await hasher.digest(),
  };
}

type Request =
  | {
    id: number;
    kind: "update";
    algorithm: string;
    // No view of it: Deno would look at each of the view's elements.
    buffer: ArrayBuffer;
    offset: number;
    length: number;
  }
  | { id: number; kind: "digest"; algorithm: string };

interface Answer {
  id: number;
  kind: "update" | "digest";
  buffer?: ArrayBuffer;
  digest?: string;
}

/**
 * What the thread runs. It is passed as text, the one form that works from a
 * file, from JSR, in a bundle and in an executable alike; so it refers to
 * nothing outside of itself.
 */
async function serve() {
  const { parentPort } = await import("node:worker_threads");
  const { createHash } = await import("node:crypto");
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  parentPort!.on("message", (request: Request) => {
    const { id, kind, algorithm } = request;
    const hash = hashes.get(id) ?? createHash(algorithm);
    if (kind === "update") {
      hashes.set(id, hash);
      const { buffer, offset, length } = request;
      hash.update(new Uint8Array(buffer, offset, length));
      parentPort!.postMessage({ id, kind, buffer }, [buffer]);
    } else {
      hashes.delete(id);
      parentPort!.postMessage({ id, kind, digest: hash.digest("hex") });
    }
  });
}

class HashThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<string, Waiting[]>();
  #next = 0;
  #failure: unknown;

  constructor() {
    this.#worker = new Worker(`(${serve})()`, { eval: true });
    this.#worker.on("message", (answer: Answer) => {
      const { id, kind, buffer, digest } = answer;
      this.#waiting.get(`${kind} ${id}`)?.shift()?.resolve(buffer ?? digest!);
    });
    this.#worker.on("error", (error) => this.#fail(error));
  }

  hasher(algorithm: string): BlobHasher {
    const id = this.#next++;
    return {
      update: ({ buffer, byteOffset: offset, length }) =>
        this.#ask(
          { id, kind: "update", algorithm, buffer, offset, length },
          [buffer],
        ) as Promise<ArrayBuffer>,
      digest: async () =>
        `${algorithm}:${await this.#ask(
          { id, kind: "digest", algorithm },
          [],
        )}`,
    };
  }

  close(): void {
    this.#worker.terminate();
  }

  #ask(
    request: Request,
    transfer: ArrayBuffer[],
  ): Promise<ArrayBuffer | string> {
    if (this.#failure) return Promise.reject(this.#failure);
    const key = `${request.kind} ${request.id}`;
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key) ?? [];
      waiting.push({ resolve, reject });
      this.#waiting.set(key, waiting);
      this.#worker.postMessage(request, transfer);
    });
  }

  #fail(error: unknown): void {
    this.#failure = error;
    for (const waiting of this.#waiting.values()) {
      for (const { reject } of waiting.splice(0)) reject(error);
    }
  }
}

interface Waiting {
  resolve: (value: ArrayBuffer | string) => void;
  reject: (error: unknown) => void;
}
