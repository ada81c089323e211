/** Axes: where their ticks are, how they are named, and what lies where. */

/** From so many times the least on, a scale is one of powers. */
const WIDE = 30;

/** Ticks at round numbers from zero to beyond the greatest value. */
export function roundTicks(greatest: number, most = 5): number[] {
  const least = greatest / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power)
    .find((step) => step >= least * 0.999) ?? 10 * power;
  const count = Math.ceil(greatest / step - 1e-9);
  return Array.from(
    { length: count + 1 },
    (_, index) => Number((index * step).toPrecision(12)),
  );
}

/** The powers of ten around these values. */
export function powerTicks(least: number, greatest: number): number[] {
  const [first, last] = [
    Math.floor(Math.log10(least) + 1e-9),
    Math.ceil(Math.log10(greatest) - 1e-9),
  ];
  return Array.from(
    { length: last - first + 1 },
    (_, index) => Number(`1e${first + index}`),
  );
}

/** Bytes as the axis has them, such as `20 GB`. */
export function bytesText(bytes: number): string {
  const power = Math.max(0, Math.min(3, Math.floor(Math.log10(bytes) / 3)));
  const value = Number((bytes / 1000 ** power).toPrecision(3));
  return `${value} ${["B", "kB", "MB", "GB"][power]}`;
}

/** Seconds as the axis has them, such as `2.5 s` or `50 ms`. */
export function secondsText(value: number): string {
  if (value === 0) return "0";
  return value < 0.1
    ? `${Number((1000 * value).toPrecision(3))} ms`
    : `${Number(value.toPrecision(3))} s`;
}

/** A scale from values to pixels, and where its ticks are. */
interface Scale {
  at(value: number): number;
  ticks: number[];
}

/** From the first tick at one place to the last at another. */
export function scale(
  ticks: number[],
  powers: boolean,
  from: number,
  to: number,
): Scale {
  const map = (value: number) => powers ? Math.log10(value) : value;
  const [least, greatest] = [map(ticks[0]!), map(ticks.at(-1)!)];
  const span = greatest - least || 1;
  return {
    ticks,
    at: (value) => from + (map(value) - least) / span * (to - from),
  };
}

/** Whether values are so far apart that a scale of powers suits them. */
export function isWide(values: number[]): boolean {
  return Math.max(...values) > WIDE * Math.min(...values);
}
