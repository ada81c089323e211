/** Times small pieces of work. */

import { median } from "../measure.ts";

/** One line of a micro-benchmark's table. */
export interface Timing {
  /** What was done. */
  name: string;
  /** The median, in seconds, of doing it once. */
  seconds: number;
  /** Bytes that it went through, if that tells something. */
  bytes?: number;
}

/** Work to be timed. */
export interface Work {
  /** What is done. */
  name: string;
  /** Does it once. */
  run(): void | Promise<void>;
  /** Tidies up after that, untimed. */
  after?(): void | Promise<void>;
  /** Bytes that it goes through. */
  bytes?: number;
}

/** Runs each work in alternation, after a first round that does not count. */
export async function timeAll(works: Work[], runs: number): Promise<Timing[]> {
  const timed = works.map((work) => ({ work, times: [] as number[] }));
  for (let run = 0; run <= runs; run++) {
    for (const { work, times } of timed) {
      const start = performance.now();
      await work.run();
      if (run > 0) times.push((performance.now() - start) / 1000);
      await work.after?.();
    }
  }
  return timed.map(({ work: { name, bytes }, times }) => ({
    name,
    seconds: median(times),
    ...bytes !== undefined && { bytes },
  }));
}

/** A size as people say it. */
export function sizeText(bytes: number): string {
  return bytes < 1 << 20 ? `${bytes >> 10} KiB` : `${bytes >> 20} MiB`;
}
