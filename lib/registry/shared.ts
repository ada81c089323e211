/** One piece of work that several wait for, begun once. */

import { orAborted } from "../image/abort.ts";

/**
 * Work shared by key: whoever asks while it goes on gets the same result, and
 * it is ended only once everyone who waited has given up.
 */
export class SharedWork<T> {
  readonly #running = new Map<
    string,
    { result: Promise<T>; waiting: number; controller: AbortController }
  >();

  /**
   * Joins the work under way, or begins it.
   *
   * @param key Names the work.
   * @param work Does it, until its signal ends it.
   * @param signal Ends this caller's wait.
   * @returns The work's result.
   * @throws What the work throws, or the signal's reason.
   */
  async run(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    signal?.throwIfAborted();
    let entry = this.#running.get(key);
    if (entry === undefined) {
      const controller = new AbortController();
      const result = work(controller.signal).finally(() => {
        if (this.#running.get(key)?.controller === controller) {
          this.#running.delete(key);
        }
      });
      result.catch(() => {});
      entry = { result, waiting: 0, controller };
      this.#running.set(key, entry);
    }
    entry.waiting++;
    try {
      return await orAborted(entry.result, signal);
    } finally {
      if (--entry.waiting === 0 && signal?.aborted) {
        if (this.#running.get(key) === entry) this.#running.delete(key);
        entry.controller.abort(signal.reason);
      }
    }
  }
}
