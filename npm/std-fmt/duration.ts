/** `@std/fmt/duration`'s narrow style over pretty-ms. */
import prettyMilliseconds from "pretty-ms";

/** The one form that both write alike. */
export interface FormatOptions {
  style?: "narrow";
  ignoreZero: true;
}

/** `99674` → `1m 39s 674ms`; nothing at all is the empty text. */
export function format(ms: number, _options: FormatOptions): string {
  const exact = { hideYear: true, formatSubMilliseconds: true };
  return ms === 0 ? "" : prettyMilliseconds(Math.abs(ms), exact);
}
