/** `@std/fmt/colors` over picocolors. */
import picocolors from "picocolors";
import { env } from "node:process";
import { stripVTControlCharacters } from "node:util";

const [on, off] = [true, false].map((enabled) =>
  picocolors.createColors(enabled)
);
const forbidden = Boolean(env.NO_COLOR);
let enabled = !forbidden;

/** Turns colours on, which NO_COLOR forbids, or off. */
export function setColorEnabled(value: boolean): void {
  if (!forbidden) enabled = value;
}

/** Whether colours are written. */
export function getColorEnabled(): boolean {
  return enabled;
}

/** `text` without its escape sequences. */
export function stripAnsiCode(text: string): string {
  return stripVTControlCharacters(text);
}

const style =
  (name: Exclude<keyof typeof on, "isColorSupported">) =>
  (text: string): string => (enabled ? on : off)[name](text);

export const bold = style("bold");
export const dim = style("dim");
export const italic = style("italic");
export const underline = style("underline");
export const inverse = style("inverse");
export const red = style("red");
export const green = style("green");
export const yellow = style("yellow");
export const blue = style("blue");
export const magenta = style("magenta");
export const cyan = style("cyan");
export const white = style("white");
export const gray = style("gray");
