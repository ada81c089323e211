/** A connection to a daemon, of whatever kind. */

import type { Socket } from "node:net";
import type { DaemonError } from "../image/errors.ts";

/** Bytes in both directions. */
export interface Connection {
  /** What comes; it ends when the other side has no more to say. */
  readonly incoming: AsyncIterator<Uint8Array>;
  /** Sends bytes; settles when more of them are wanted. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it, however it stands. */
  close(): void;
  /** What is known of why it broke off. */
  failure(cause: unknown): Promise<DaemonError>;
}

/** How a connection is made. */
export interface ConnectOptions {
  /** What errors call the daemon. */
  address: string;
  /** Gives up; connections that are there are closed. */
  signal?: AbortSignal;
}

/** Writes to a stream of Node's; what it says of a failure is thrown. */
export function writeTo(
  stream: Pick<Socket, "write">,
  bytes: Uint8Array,
): Promise<void> {
  return new Promise((resolve, reject) =>
    void stream.write(bytes, (error) => error ? reject(error) : resolve())
  );
}
