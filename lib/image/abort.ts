/** What is done when a signal aborts, and waits that it ends. */

/** The callbacks of a signal, behind the one listener that it has. */
class Group {
  readonly #callbacks = new Set<() => void>();
  readonly #signal: AbortSignal;
  readonly #call = () => {
    for (const callback of this.#callbacks) callback();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(callback: () => void): void {
    if (this.#callbacks.size === 0) {
      this.#signal.addEventListener("abort", this.#call, { once: true });
    }
    this.#callbacks.add(callback);
  }

  delete(callback: () => void): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return;
    // A runtime keeps a signal for as long as somebody listens to it.
    this.#signal.removeEventListener("abort", this.#call);
  }
}

const groups = new WeakMap<AbortSignal, Group>();

/**
 * Calls back once when a signal aborts; not at all where it has done so
 * already. However many callbacks there are, the signal has one listener:
 * Node warns of a leak from the eleventh on, and a pull has many layers.
 *
 * @param signal The signal; without one, nothing is ever called.
 * @param callback What is called. It must not throw.
 * @returns What takes the callback back.
 */
export function onAbort(
  signal: AbortSignal | null | undefined,
  callback: () => void,
): () => void {
  if (!signal || signal.aborted) return () => {};
  const group = groups.get(signal) ?? new Group(signal);
  groups.set(signal, group);
  // One of its own, as the same function may be there twice.
  const own = () => callback();
  group.add(own);
  return () => group.delete(own);
}

/** A signal that aborts later than another one. */
export interface LateSignal {
  /** Aborts with the other one's reason. */
  readonly signal: AbortSignal;
  /** Waits for neither of them any more. */
  forget(): void;
}

/**
 * Makes a signal that aborts some time after another one.
 *
 * @param signal The other one.
 * @param milliseconds How much later.
 * @param cut Aborts it at once.
 */
export function later(
  signal: AbortSignal | undefined,
  milliseconds: number,
  cut?: AbortSignal,
): LateSignal {
  const own = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (reason: unknown) => {
    clearTimeout(timer);
    own.abort(reason);
  };
  const wait = () => {
    timer = setTimeout(() => end(signal!.reason), milliseconds);
  };
  if (cut?.aborted) end(cut.reason);
  else if (signal?.aborted) wait();
  const ends = [
    onAbort(signal, wait),
    onAbort(cut, () => end(cut!.reason)),
  ];
  return {
    signal: own.signal,
    forget() {
      clearTimeout(timer);
      for (const forget of ends) forget();
    },
  };
}

/**
 * Waits.
 *
 * @param milliseconds How long.
 * @param signal Ends the wait at once.
 * @throws The signal's reason.
 */
export function sleep(
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, milliseconds);
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal!.reason);
    });
  });
}

/**
 * Waits for a promise, or for a signal, whether what is waited for pays heed
 * to that or not.
 *
 * @param result The promise.
 * @param signal Ends the wait at once.
 * @returns What the promise is fulfilled with.
 * @throws What it is rejected with, or the signal's reason.
 */
export function orAborted<T>(
  result: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (signal === undefined) return result;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      result.catch(() => {}); // nobody waits for it
      return reject(signal.reason);
    }
    const forget = onAbort(signal, () => reject(signal.reason));
    result.then(resolve, reject).finally(forget);
  });
}
