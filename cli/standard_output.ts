/** The archive on standard output. */

import { constants, readFileSync, readlinkSync } from "node:fs";
import { BorrowingStream } from "../lib/archive/stream.ts";
import { systemCode } from "../lib/disk/io.ts";
import { StorageError } from "../lib/image/errors.ts";
import { type Output, written } from "./io.ts";
import { UsageError } from "./options/arguments.ts";

const { O_RDWR, O_WRONLY } = constants;

/** Whoever was to read standard output has gone away. */
export class ReaderGone extends Error {
  override name = "ReaderGone";
}

/**
 * Standard output as a stream of bytes; nothing else may be written there.
 *
 * @throws {UsageError} If it is a terminal.
 * @throws {StorageError} If it is closed.
 */
export function standardOutput(output: Output): WritableStream<Uint8Array> {
  if (output.isTTY) {
    throw new UsageError(
      "The archive cannot go to a terminal: pipe it on, as in " +
        "docker-pull IMAGE -o - | docker load, or name a file",
    );
  }
  if (output.fd !== undefined && isClosed(output.fd)) {
    throw new StorageError("write", "standard output", "EBADF");
  }
  return new BorrowingStream({
    // One chunk at a time: a slow reader keeps no more of them in memory.
    write: (bytes) =>
      written(output, bytes).catch((error) => {
        throw failure(error);
      }),
  });
}

/**
 * Whether the process was started with a file closed. Every runtime puts the
 * null device in its place, which takes all and keeps nothing. It is open for
 * reading as well then, which it is not where a shell was told `>/dev/null`.
 * Whoever starts a program without any output may have put it there himself,
 * but in place of standard error, too. Only Linux tells.
 */
function isClosed(fd: number): boolean {
  try {
    return isStandIn(fd) && !isStandIn(2);
  } catch {
    return false;
  }
}

function isStandIn(fd: number): boolean {
  if (readlinkSync(`/proc/self/fd/${fd}`) !== "/dev/null") return false;
  const told = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
  const flags = parseInt(/^flags:\s*(\d+)$/m.exec(told)?.[1] ?? "0", 8);
  return (flags & (O_WRONLY | O_RDWR)) === O_RDWR;
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
