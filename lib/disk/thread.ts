/** Threads of the runtime, each of which runs a program that is a text. */

import process from "node:process";

/** A thread that runs. */
export interface RunningThread {
  /** Sends it something; the buffers are its own from then on. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  /** Ends it. */
  terminate(): unknown;
}

/**
 * Runs a program in a thread. A text is the one form of a program that works
 * from a file, from JSR, in a bundle and in an executable alike.
 *
 * @param program The program, which refers to nothing outside of itself.
 * @param onMessage Given what it sends.
 * @param onError Told that it has failed.
 */
export function startThread<T>(
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
