/** Threads of the runtime, each of which runs a program that is a text. */

import process from "node:process";

interface RunningThread {
  postMessage: Post;
  terminate(): unknown;
}

/** A request without the number that the thread's response to it bears. */
export type Asked<R> = R extends { ticket: number } ? Omit<R, "ticket"> : never;

/** Sends something to the other side; the buffers are its own from then on. */
export type Post = (message: unknown, transfer: ArrayBuffer[]) => void;

interface Waiting<R> {
  resolve: (response: R) => void;
  reject: (error: unknown) => void;
}

/** Has a function called with each message; returns what responds. */
export type Listen<Request> = (take: (message: Request) => void) => Post;

/** A thread that is asked, and responds. */
export class ThreadLine<Request, Response extends { ticket: number }> {
  readonly #thread: RunningThread;
  readonly #waiting: Map<number, Waiting<Response>> = new Map();
  #count = 0;
  #failure: unknown;

  /**
   * Starts it.
   *
   * @param program What it runs, from {@linkcode programText}.
   */
  constructor(program: string) {
    this.#thread = startThread<Response>(program, (response) => {
      const waiting = this.#waiting.get(response.ticket);
      this.#waiting.delete(response.ticket);
      waiting?.resolve(response);
    }, (error) => this.fail(error));
  }

  /** How much was asked that it has not responded to. */
  get load(): number {
    return this.#waiting.size;
  }

  /** A number that nothing else has here. */
  next(): number {
    return this.#count++;
  }

  /**
   * Asks the thread.
   *
   * @param asked What.
   * @param lent The buffers that become the thread's own.
   */
  ask(asked: Asked<Request>, lent: ArrayBuffer[] = []): Promise<Response> {
    if (this.#failure) return Promise.reject(this.#failure);
    const ticket = this.next();
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#thread.postMessage({ ...asked, ticket }, lent);
    });
  }

  /** Tells the thread something. */
  tell(request: Request & { ticket?: never }): void {
    this.#thread.postMessage(request, []);
  }

  /** What was asked fails, and what will be. */
  fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Ends the thread. */
  close(): void {
    this.#thread.terminate();
  }
}

/**
 * Makes a program of a function. It is passed on as text, the one form that
 * works from a file, from JSR, in a bundle and in an executable alike; so the
 * function refers to nothing outside of itself.
 *
 * @param serve The function, which is given what it hears its owner by, and
 * then the parts.
 * @param parts More of the same kind, or their texts.
 */
export function programText(
  // deno-lint-ignore no-explicit-any
  serve: (listen: Listen<any>, ...parts: any[]) => void,
  ...parts: unknown[]
): string {
  return `(${serve})(${[listenToOwner, ...parts].join(", ")})`;
}

/** Hears what the thread's owner sends; its text is part of a program. */
function listenToOwner<T>(take: (message: T) => void): Post {
  // Node has no Worker as in the web, and its threads no global postMessage.
  const scope = globalThis as unknown as MessagePort;
  let owner = scope;
  if (typeof scope.postMessage === "function") {
    scope.onmessage = ({ data }) => take(data);
  } else {
    import("node:worker_threads").then(({ parentPort }) => {
      owner = parentPort as unknown as MessagePort;
      parentPort!.on("message", take);
    });
  }
  return (message, transfer) => owner.postMessage(message, transfer);
}

/** Runs a program in a thread. */
function startThread<T>(
  program: string,
  onMessage: (message: T) => void,
  onError: (error: unknown) => void,
): RunningThread {
  if (typeof Worker !== "function") {
    // Node's; in Deno it takes three times as long to start as the web's.
    const threads = process.getBuiltinModule("node:worker_threads");
    return new threads.Worker(program, { eval: true })
      .on("message", onMessage).on("error", onError);
  }
  const address = `data:text/javascript,${encodeURIComponent(program)}`;
  const worker = new Worker(address, { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<T>) => onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault();
    onError(event.error ?? new Error(event.message));
  };
  return worker;
}
