/** `@std/fmt/bytes` over pretty-bytes, which it descends from. */
import prettyBytes from "pretty-bytes";

/** The options that mean the same in both. */
export interface FormatOptions {
  bits?: boolean;
  signed?: boolean;
  locale?: boolean | string | string[];
  minimumFractionDigits?: number;
  maximumFractionDigits?: number;
}

/** `1337` → `1.34 kB`. */
export function format(bytes: number, options: FormatOptions = {}): string {
  return prettyBytes(bytes, options);
}
