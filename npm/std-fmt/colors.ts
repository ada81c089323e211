/**
 * `@std/fmt/colors` over `node:util`, which reads no environment variables
 * that a runtime would have to permit.
 */
import { env } from "node:process";
import { stripVTControlCharacters, styleText } from "node:util";

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
  (name: Parameters<typeof styleText>[0]) => (text: string): string =>
    enabled ? styleText(name, text, { validateStream: false }) : text;

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
