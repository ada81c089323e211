/** The archive on standard output. */

import { BorrowingStream } from "../lib/archive/stream.ts";
import { systemCode } from "../lib/disk/io.ts";
import { StorageError } from "../lib/image/errors.ts";
import { type Output, written } from "./io.ts";
import { UsageError } from "./options/arguments.ts";

/** Whoever was to read standard output has gone away. */
export class ReaderGone extends Error {
  override name = "ReaderGone";
}

/**
 * Standard output as a stream of bytes; nothing else may be written there.
 *
 * @throws {UsageError} If it is a terminal.
 */
export function standardOutput(output: Output): WritableStream<Uint8Array> {
  if (output.isTTY) {
    throw new UsageError(
      "The archive cannot go to a terminal: pipe it on, as in " +
        "docker-pull IMAGE -o - | docker load, or name a file",
    );
  }
  return new BorrowingStream({
    // One chunk at a time: a slow reader keeps no more of them in memory.
    write: (bytes) =>
      written(output, bytes).catch((error) => {
        throw failure(error);
      }),
  });
}

function failure(error: Error): Error {
  const code = systemCode(error) ?? "unknown";
  const gone = code === "EPIPE" || code === "ECONNRESET" ||
    code.startsWith("ERR_STREAM_");
  if (gone) return new ReaderGone("The reader went away", { cause: error });
  const { message: words } = error;
  return new StorageError("write", "standard output", code, {
    words,
    cause: error,
  });
}
