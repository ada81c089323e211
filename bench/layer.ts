/** Layers: a tar of one file, plain or in gzip. */

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { seededBytes, seededText } from "./seed.ts";

/** A ustar header for a regular file, with a base-256 size where octal ends. */
export function fileHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(512);
  const text = (value: string, offset: number) =>
    new TextEncoder().encodeInto(value, header.subarray(offset));
  text(name, 0);
  text("0000644\0", 100);
  text("0000000\0", 108);
  text("0000000\0", 116);
  if (size < 8 ** 11) {
    text(size.toString(8).padStart(11, "0"), 124);
  } else {
    let rest = size;
    for (let at = 135; at > 124; at--) {
      header[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    header[124] = 0x80;
  }
  text("00000000000\0", 136);
  text("        0", 148);
  text("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  text(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** The zeros that fill a file's last block. */
export function padding(size: number): Uint8Array {
  return new Uint8Array((512 - size % 512) % 512);
}

/** The two empty blocks that end a tar. */
export const END_OF_ARCHIVE = new Uint8Array(1024);

/** What a layer's file holds: bytes that do not compress, or that do. */
export type Content = "bytes" | "text";

/** Yields a tar of one file of seeded bytes. */
function* tar(
  seed: string,
  size: number,
  content: Content,
): Generator<Uint8Array> {
  yield fileHeader(`${seed}.bin`, size);
  yield* content === "text" ? seededText(seed, size) : seededBytes(seed, size);
  yield padding(size);
  yield END_OF_ARCHIVE;
}

/** A layer on its way out. */
export interface LayerSource {
  /** The layer as a registry stores it: gzip. */
  stream: Readable;
  /** The digest of the tar inside, once the stream has ended. */
  diffId(): string;
}

/**
 * Makes a layer of about `size` bytes. The gzip of bytes holds stored blocks
 * only, because they do not compress; that flatters the peers that
 * decompress, and no one else. Text is compressed, as fast as can be.
 */
export function makeLayer(
  seed: string,
  size: number,
  content: Content = "bytes",
): LayerSource {
  const hash = createHash("sha256");
  const counted = function* () {
    for (const chunk of tar(seed, size, content)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const stream = Readable.from(counted()).pipe(
    createGzip({ level: content === "text" ? 1 : 0, chunkSize: 1 << 18 }),
  );
  return { stream, diffId: () => `sha256:${hash.digest("hex")}` };
}
