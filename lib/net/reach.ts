/** Two ways to one host, of which the first may lead nowhere. */

/** A host that has not answered for so many milliseconds is asked again. */
const SILENCE = 5_000;

/** How a host is reached. */
export interface ReachOptions {
  /** Ends both requests. */
  signal?: AbortSignal | null;
  /** Called where the first way has led there. */
  onFirst: () => void;
  /** Called where the second one has. */
  onSecond: () => void;
  /**
   * How long the first one may be silent, in milliseconds.
   *
   * @default {5_000}
   */
  silence?: number;
}

/**
 * Asks one way, and another way besides where that is silent.
 *
 * Deno's `fetch` keeps to a host's first address for as long as the system
 * does, even where nothing answers there; `node:http` goes on to the next one
 * at once.
 *
 * @param first The way that is tried.
 * @param second The other one.
 * @param options Which one was it that answered, and how long is waited.
 * @returns The answer that comes first; the other request is ended.
 */
export function reach(
  first: (signal: AbortSignal) => Promise<Response>,
  second: (signal: AbortSignal) => Promise<Response>,
  { signal, onFirst, onSecond, silence = SILENCE }: ReachOptions,
): Promise<Response> {
  const ends = [new AbortController(), new AbortController()] as const;
  const signalOf = (end: AbortController) =>
    signal ? AbortSignal.any([signal, end.signal]) : end.signal;
  return new Promise((resolve, reject) => {
    let over = false;
    const settle = (call: () => void) => {
      clearTimeout(timer);
      over = true;
      call();
    };
    const timer = setTimeout(() => {
      second(signalOf(ends[1])).then((response) => {
        if (over) return void response.body?.cancel().catch(() => {});
        ends[0].abort();
        onSecond();
        settle(() => resolve(response));
      }, () => {});
    }, silence);
    first(signalOf(ends[0])).then((response) => {
      if (over) return void response.body?.cancel().catch(() => {});
      ends[1].abort();
      onFirst();
      settle(() => resolve(response));
    }, (error) => {
      if (!over) settle(() => reject(error));
      ends[1].abort();
    });
  });
}
