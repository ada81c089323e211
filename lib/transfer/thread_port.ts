/** The line to a thread: what is asked of it, and what it responds. */

import { type RunningThread, startThread } from "../disk/thread.ts";
import {
  type PlainError,
  threadProgram,
  type ThreadRequest,
  type ThreadResponse,
} from "./thread_program.ts";

/** The parts of a {@linkcode ThreadRequest} that the thread's owner does not add. */
export type Asked<R = ThreadRequest> = R extends { ticket: number }
  ? Omit<R, "ticket">
  : never;

/** A thread that runs the program. */
export class ThreadPort {
  readonly #worker: RunningThread;
  readonly #waiting: Map<number, Waiting> = new Map();
  #count = 0;
  #failure: unknown;

  /** Starts it. */
  constructor() {
    this.#worker = startThread<ThreadResponse>(threadProgram(), (response) => {
      const waiting = this.#waiting.get(response.ticket);
      this.#waiting.delete(response.ticket);
      waiting?.resolve(response);
    }, (error) => {
      this.#failure = error;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** A number for a blob or a body that no other has here. */
  next(): number {
    return this.#count++;
  }

  /** Asks the thread. */
  ask(asked: Asked, lent: ArrayBuffer[] = []): Promise<ThreadResponse> {
    if (this.#failure) return Promise.reject(this.#failure);
    const ticket = this.next();
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#worker.postMessage({ ...asked, ticket }, lent);
    });
  }

  /** Tells the thread something. */
  tell(request: ThreadRequest & { ticket?: never }): void {
    this.#worker.postMessage(request, []);
  }

  /** Ends it. */
  close(): void {
    this.#worker.terminate();
  }
}

interface Waiting {
  resolve: (response: ThreadResponse) => void;
  reject: (error: unknown) => void;
}

/** The error that was thrown in the thread. */
export function revive(
  { name, message, cause, errors, ...rest }: PlainError,
): Error {
  const options = cause && { cause: revive(cause) };
  const error = errors
    ? new AggregateError(errors.map(revive), message, options)
    : new Error(message, options);
  return Object.assign(error, { name, ...rest });
}
