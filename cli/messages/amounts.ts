/** Amounts in words: sizes, times, and numbers of things. */

/** A size: `17.3 GB`. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  const digits = unit > 0 && size < 100 ? 1 : 0;
  return `${size.toFixed(digits)} ${units[unit]}`;
}

/** A time: `34 ms`, `2.5 s`, `5 minutes`. */
export function timeText(milliseconds: number): string {
  const time = Math.abs(milliseconds);
  if (time < 1000) return `${Math.round(time)} ms`;
  if (time < 120_000) return `${Number((time / 1000).toFixed(1))} s`;
  if (time < 7_200_000) return `${Math.round(time / 60_000)} minutes`;
  if (time < 172_800_000) return `${Math.round(time / 3_600_000)} hours`;
  return `${Math.round(time / 86_400_000)} days`;
}

/** A number of things: `1 layer`, `2 layers`. */
export function countText(count: number, thing: string): string {
  const many = /s$/.test(thing) ? `${thing}es` : `${thing}s`;
  return `${count} ${count === 1 ? thing : many}`;
}
