/**
 * What a thread runs that compresses blocks, and expands and hashes streams.
 *
 * A thread of its own expands even where there is one processor only: Deno's
 * zstd throws what is wrong with the bytes where nobody can catch it.
 */

import { type Listen, programText } from "../disk/thread.ts";
import { type FramePiece, zstdFrames } from "./zstd_frames.ts";

type Zlib = typeof import("node:zlib");

/** What is asked of the thread; it responds to each, in their order. */
export type CompressionRequest =
  /** Compresses a block by itself. */
  | {
    ticket: number;
    kind: "compress";
    compression: "gzip" | "zstd";
    // No view of it: Deno would look at each of the view's elements.
    buffer: ArrayBuffer;
    length: number;
  }
  /** Begins to expand a stream, in place of the one before. */
  | {
    ticket: number;
    kind: "expand";
    compression: "none" | "gzip" | "zstd";
    algorithm: string;
  }
  /** Gives the next bytes of the stream; none at its end. */
  | {
    ticket: number;
    kind: "feed";
    buffer: ArrayBuffer | undefined;
    length: number;
  }
  /**
   * Asks for expanded bytes, or for the digest at their end; with a buffer that
   * was sent before.
   */
  | { ticket: number; kind: "next"; spare: ArrayBuffer | undefined };

/** What the thread responds. */
export interface CompressionResponse {
  ticket: number;
  /** The bytes, compressed or expanded. */
  buffer?: ArrayBuffer;
  /** How many of the buffer's bytes they are. */
  length?: number;
  /** The checksum of a block before it was compressed with gzip. */
  crc?: number;
  /** A buffer that can be filled again. */
  spare?: ArrayBuffer;
  /** The buffers of what was fed and is taken, to be filled again. */
  spent?: ArrayBuffer[];
  /** Whether more bytes are needed before any come out. */
  hungry?: boolean;
  /** The digest of all that came out, at the end. */
  digest?: string;
  /** Why no more comes out. */
  failure?: string;
}

/**
 * Compresses a block so that it can stand behind any other: with gzip, as
 * blocks of deflate up to the boundary of a byte; with zstd, as a frame.
 */
export function compressBlock(
  zlib: Zlib,
  compression: "gzip" | "zstd",
  bytes: Uint8Array,
): { bytes: Uint8Array; crc: number } {
  if (compression === "zstd") {
    const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = zlib.constants;
    const params = { [ZSTD_c_compressionLevel]: 3, [ZSTD_c_checksumFlag]: 1 };
    // In one piece, which can be freed; in several, Deno makes other bytes.
    const chunkSize = bytes.length + 65_536;
    const made = zlib.zstdCompressSync(bytes, { params, chunkSize });
    return { bytes: made, crc: 0 };
  }
  const { Z_SYNC_FLUSH: finishFlush } = zlib.constants;
  const chunkSize = bytes.length + 65_536;
  return {
    bytes: zlib.deflateRawSync(bytes, { level: 6, finishFlush, chunkSize }),
    crc: zlib.crc32(bytes),
  };
}

/** The program; it is passed on as text, and refers to nothing outside. */
function serve(
  listen: Listen<CompressionRequest>,
  compress: typeof compressBlock,
  split: typeof zstdFrames,
) {
  /** So much is sent at a time. */
  const MOST = 1024 * 1024;
  const CHUNK = 256 * 1024;
  /** A frame that is no larger is expanded at once, as one of ours. */
  const SMALL = 8 * 1024 * 1024;
  type Result = Omit<CompressionResponse, "ticket">;
  interface Expansion {
    input: (Uint8Array<ArrayBuffer> | undefined)[];
    spent: ArrayBuffer[];
    wake?: () => void;
    output: AsyncIterator<Uint8Array>;
    hash: import("node:crypto").Hash;
    /** What came out and is not sent yet. */
    rest: Uint8Array;
    /** Whether it came out of a decompressor, and is not what was fed. */
    owned: boolean;
    digest?: string;
    /** Bytes on their way, while more input is asked for. */
    pending?: Promise<IteratorResult<Uint8Array>>;
  }
  const loaded = Promise.all([
    import("node:zlib"),
    import("node:crypto"),
  ]);
  let expansion: Expansion | undefined;
  /** Settles when all input is taken, and more is needed. */
  let onHungry: (() => void) | undefined;

  /** Frees memory at once, and not when a collection gets to it. */
  function free({ buffer }: Uint8Array) {
    // Node 20 cannot; small ones are cut out of what others are cut out of, too.
    if (buffer.byteLength < 65_536) return;
    (buffer as { transfer?: (size: number) => void }).transfer?.(0);
  }

  function joined(parts: Uint8Array[], size: number) {
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  async function* taken(into: Expansion) {
    while (true) {
      if (into.input.length === 0) {
        onHungry?.();
        await new Promise<void>((resolve) => into.wake = resolve);
      }
      const bytes = into.input.shift();
      if (!bytes) return;
      yield bytes;
      // Who asks for the next has no more to do with this one.
      into.spent.push(bytes.buffer);
    }
  }

  type Decoder = import("node:stream").Transform;
  async function* decode(
    source: AsyncIterable<Uint8Array>,
    decoder: Decoder,
  ): AsyncGenerator<Uint8Array> {
    const feed = async () => {
      for await (const bytes of source) {
        await new Promise<void>((resolve, reject) =>
          decoder.write(bytes, (error) => error ? reject(error) : resolve())
        );
      }
      decoder.end();
    };
    feed().catch((error) => decoder.destroy(error));
    yield* decoder;
  }

  /** The rest of a frame, of which some is there already. */
  async function* frame(
    known: Uint8Array[],
    pieces: AsyncIterator<FramePiece>,
  ) {
    yield* known;
    while (true) {
      const { value, done } = await pieces.next();
      if (done) return;
      yield value.bytes;
      if (value.ends) return;
    }
  }

  async function* unzstd(source: AsyncIterable<Uint8Array>) {
    const [zlib] = await loaded;
    const pieces = split(source);
    let known: Uint8Array[] = [];
    let size = 0;
    while (true) {
      const { value, done } = await pieces.next();
      if (done) return;
      const { bytes, expands, ends } = value;
      known.push(bytes);
      size += bytes.length;
      const small = size <= SMALL && (expands ?? Infinity) <= SMALL;
      if (small && !ends) continue;
      if (small) {
        yield zlib.zstdDecompressSync(joined(known, size));
      } else {
        const decoder = zlib.createZstdDecompress({ chunkSize: CHUNK });
        const rest = ends ? known : frame(known, pieces);
        yield* decode(rest as AsyncIterable<Uint8Array>, decoder);
      }
      [known, size] = [[], 0];
    }
  }

  async function begin(compression: string, algorithm: string) {
    const [zlib, { createHash }] = await loaded;
    const made = {
      owned: compression !== "none",
      input: [],
      spent: [],
      rest: new Uint8Array(0),
      hash: createHash(algorithm),
    } as unknown as Expansion;
    const source = taken(made);
    made.output = compression === "none"
      ? source
      : compression === "gzip"
      ? decode(source, zlib.createGunzip({ chunkSize: CHUNK }))
      : unzstd(source);
    expansion = made;
  }

  /** The next bytes that came out; nothing where more input is needed. */
  async function more(from: Expansion): Promise<Uint8Array | undefined | null> {
    from.pending ??= from.output.next();
    const hungry = new Promise<undefined>((resolve) => {
      onHungry = () => resolve(undefined);
      if (from.wake && from.input.length === 0) resolve(undefined);
    });
    const found = await Promise.race([from.pending, hungry]);
    if (!found) return undefined;
    // At the end, it is the same whoever asks again.
    if (found.done) return null;
    from.pending = undefined;
    from.hash.update(found.value);
    return found.value;
  }

  async function next(
    from: Expansion,
    spare: ArrayBuffer = new ArrayBuffer(MOST),
  ): Promise<Result> {
    const whole = new Uint8Array(spare);
    let size = 0;
    while (size < MOST) {
      if (from.rest.length === 0) {
        const found = await more(from);
        if (found) {
          from.rest = found;
          continue;
        }
        if (size > 0) break;
        return found === null
          ? { digest: from.digest ??= from.hash.digest("hex"), spare }
          : { hungry: true, spare };
      }
      const part = from.rest.subarray(0, MOST - size);
      whole.set(part, size);
      size += part.length;
      from.rest = from.rest.subarray(part.length);
      // One buffer is cut into several pieces, and another made after the last.
      const isLast = part.byteOffset + part.length === part.buffer.byteLength;
      if (from.owned && isLast) free(part);
    }
    return { buffer: spare, length: size };
  }

  async function respond(request: CompressionRequest): Promise<Result> {
    switch (request.kind) {
      case "compress": {
        const { compression, buffer, length } = request;
        const [zlib] = await loaded;
        const { bytes, crc } = compress(
          zlib,
          compression,
          new Uint8Array(buffer, 0, length),
        );
        // It has served, and as a rule there is room in it for what comes out.
        const { length: size } = bytes;
        const into = size > buffer.byteLength ? new ArrayBuffer(size) : buffer;
        new Uint8Array(into).set(bytes);
        free(bytes);
        return { buffer: into, length: size, crc };
      }
      case "expand":
        await begin(request.compression, request.algorithm);
        return {};
      case "feed": {
        const { buffer, length } = request;
        const { input, wake } = expansion!;
        input.push(buffer && new Uint8Array(buffer, 0, length));
        expansion!.wake = undefined;
        wake?.();
        return {};
      }
      default:
        return {
          ...await next(expansion!, request.spare),
          spent: expansion!.spent.splice(0),
        };
    }
  }

  let last: Promise<void> = Promise.resolve();
  function take(request: CompressionRequest) {
    last = last.then(async () => {
      const { ticket } = request;
      try {
        const result = await respond(request);
        const { buffer, spare, spent = [] } = result;
        const lent = [buffer, spare, ...spent]
          .filter((each) => each !== undefined);
        post({ ...result, ticket }, lent);
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        post({ ticket, failure }, []);
      }
    });
  }

  const post = listen(take);
}

/** The program's text. */
export function compressionProgram(): string {
  return programText(serve, compressBlock, zstdFrames);
}
