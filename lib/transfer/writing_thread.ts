/**
 * A thread that writes and hashes blobs, because that takes longer than
 * fetching them. It opens the files itself, so that what is there already
 * never leaves it.
 */

import { Worker } from "node:worker_threads";
import { storageError } from "../disk/io.ts";
import { ContentMismatchError } from "../errors.ts";
import type { FilePlace } from "../types.ts";
import type { BlobWriter, BlobWriterOptions } from "./blob_writer.ts";

/** What is asked of the thread about one blob; a `ticket` gets an answer. */
type Request =
  & { id: number }
  & (
    | { kind: "open"; algorithm: string | undefined; places: FilePlace[] }
    | {
      kind: "write";
      ticket: number;
      // No view of it: Deno would look at each of the view's elements.
      buffer: ArrayBuffer;
      offset: number;
      length: number;
      position: number;
      hashed: boolean;
    }
    | {
      kind: "reread";
      ticket: number;
      start: number;
      end: number;
      copied: boolean;
    }
    | { kind: "digest"; ticket: number }
    | { kind: "close"; ticket: number }
  );

/** Why something could not be done: what was thrown, as it can be passed on. */
interface Failure {
  operation: string;
  subject: string;
  cause: { code?: string; errno?: number; message: string };
}

interface Answer {
  ticket: number;
  buffer?: ArrayBuffer;
  digest?: string;
  /** Where the bytes to be reread ended too early. */
  short?: number;
  failure?: Failure;
}

/**
 * What the thread runs. It is passed as text, the one form that works from a
 * file, from JSR, in a bundle and in an executable alike; so it refers to
 * nothing outside of itself.
 */
async function serve() {
  const { parentPort } = await import("node:worker_threads");
  const { createHash } = await import("node:crypto");
  const fs = await import("node:fs");
  const { O_NOFOLLOW = 0, O_RDONLY, O_RDWR } = fs.constants;
  type File = FilePlace & { handle?: number };
  interface Blob {
    files: File[];
    hash: ReturnType<typeof createHash> | undefined;
  }
  const blobs = new Map<number, Blob>();
  let spare: Uint8Array | undefined;

  /** Runs a call on a file; what it throws says which. */
  function on<T>(file: File, operation: string, call: (fd: number) => T): T {
    try {
      if (file.handle === undefined) {
        const flags = file.writable ? O_RDWR | O_NOFOLLOW : O_RDONLY;
        file.handle = fs.openSync(file.path, flags);
        const { dev, ino } = fs.fstatSync(file.handle);
        const [device, inode] = file.identity ?? [dev, ino];
        if (dev !== device || ino !== inode) {
          throw new Error("another file is in its place");
        }
      }
      return call(file.handle);
    } catch (error) {
      const { code, errno, message } = error as Failure["cause"];
      const cause = { code, errno, message };
      throw { operation, subject: file.subject, cause };
    }
  }

  function write(file: File, bytes: Uint8Array, position: number) {
    on(file, "write", (fd) => {
      for (let done = 0; done < bytes.length;) {
        const at = file.offset + position + done;
        done += fs.writeSync(fd, bytes, done, bytes.length - done, at);
      }
    });
  }

  function reread(
    { files, hash }: Blob,
    request: Request & { kind: "reread" },
  ) {
    const [primary, ...copies] = files;
    const { end, copied } = request;
    const buffer = spare ??= new Uint8Array(1024 * 1024);
    for (let position = request.start; position < end;) {
      const most = Math.min(buffer.length, end - position);
      const count = on(
        primary!,
        "read",
        (fd) => fs.readSync(fd, buffer, 0, most, primary!.offset + position),
      );
      if (count === 0) return { short: position };
      const bytes = buffer.subarray(0, count);
      if (copied) { for (const copy of copies) write(copy, bytes, position); }
      hash?.update(bytes);
      position += count;
    }
    return {};
  }

  function answer(blob: Blob, request: Request): Omit<Answer, "ticket"> {
    switch (request.kind) {
      case "write": {
        const { buffer, offset, length, position, hashed } = request;
        const bytes = new Uint8Array(buffer, offset, length);
        for (const file of blob.files) write(file, bytes, position);
        if (hashed) blob.hash?.update(bytes);
        return {};
      }
      case "reread":
        return reread(blob, request);
      case "digest":
        return blob.hash ? { digest: blob.hash.digest("hex") } : {};
      default: {
        blobs.delete(request.id);
        for (const { handle } of blob.files) {
          if (handle !== undefined) fs.closeSync(handle);
        }
        return {};
      }
    }
  }

  parentPort!.on("message", (request: Request) => {
    const { id } = request;
    if (request.kind === "open") {
      const { places: files, algorithm } = request;
      const hash = algorithm === undefined ? undefined : createHash(algorithm);
      return void blobs.set(id, { files, hash });
    }
    const { ticket } = request;
    const buffer = request.kind === "write" ? request.buffer : undefined;
    let result: Omit<Answer, "ticket">;
    try {
      result = answer(blobs.get(id)!, request);
    } catch (failure) {
      result = { failure: failure as Failure };
    }
    parentPort!.postMessage(
      { ...result, ticket, buffer },
      buffer ? [buffer] : [],
    );
  });
}

/** The parts of a {@linkcode Request} without what the thread's owner adds. */
type Asked<R = Request> = R extends { ticket: number }
  ? Omit<R, "id" | "ticket">
  : never;

/** A thread, and what is asked of it. */
export class WritingThread {
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting> = new Map();
  #blobs = 0;
  #tickets = 0;
  #failure: unknown;
  /** Bytes of the blobs that it has to do with now. */
  load = 0;

  /** Starts it. */
  constructor() {
    this.#worker = new Worker(`(${serve})()`, { eval: true });
    this.#worker.on("message", (answer: Answer) => {
      const waiting = this.#waiting.get(answer.ticket);
      this.#waiting.delete(answer.ticket);
      waiting?.resolve(answer);
    });
    this.#worker.on("error", (error) => {
      this.#failure = error;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /**
   * A writer for a blob, all of whose places are in files.
   *
   * @param options The blob.
   * @param places The places, the primary's first.
   */
  writer(options: BlobWriterOptions, places: FilePlace[]): BlobWriter {
    const { descriptor, algorithm, primary, copies } = options;
    const id = this.#blobs++;
    const ask = async (asked: Asked, lent: ArrayBuffer[] = []) => {
      const answer = await this.#ask(id, asked, lent);
      const { failure, short } = answer;
      if (failure) {
        const { operation, subject, cause: { message, ...rest } } = failure;
        const cause = Object.assign(new Error(message), rest);
        throw storageError(operation, subject, cause);
      }
      if (short !== undefined) {
        throw new ContentMismatchError(descriptor, { size: short });
      }
      return answer;
    };
    this.load += descriptor.size;
    this.#worker.postMessage({ id, kind: "open", algorithm, places });
    let open = true;
    return {
      write: async (bytes, position, hashed) => {
        const { byteOffset: offset, length, buffer } = bytes;
        const kind = "write";
        const { buffer: back } = await ask(
          { kind, buffer, offset, length, position, hashed },
          [buffer],
        );
        for (const sink of [primary, ...copies]) {
          sink.wrote?.(position, position + length);
        }
        return back!;
      },
      reread: async (start, end, copied) => {
        await ask({ kind: "reread", start, end, copied });
        if (copied) { for (const copy of copies) copy.wrote?.(start, end); }
      },
      digest: async () => {
        const { digest } = await ask({ kind: "digest" });
        return digest && `${algorithm}:${digest}`;
      },
      close: async () => {
        if (!open) return;
        open = false;
        this.load -= descriptor.size;
        await ask({ kind: "close" });
      },
    };
  }

  /** Ends it. */
  close(): void {
    this.#worker.terminate();
  }

  #ask(id: number, asked: Asked, lent: ArrayBuffer[]): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure);
    const ticket = this.#tickets++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#worker.postMessage({ ...asked, id, ticket }, lent);
    });
  }
}

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}
