/** What the configuration file can say of an option, and what it means. */

import { isAbsolute, join } from "node:path";
import type { OptionDefinition } from "../options/arguments.ts";

/** What a setting is written as. */
export type SettingKind = "flag" | "number" | "size" | "text";

/** What the values of options are called that are no text. */
const KINDS: Readonly<Record<string, SettingKind>> = {
  N: "number",
  SECONDS: "number",
  BYTES: "number",
  SIZE: "size",
};

/** What an option is written as in the file. */
export function settingKind({ value }: OptionDefinition): SettingKind {
  return value === undefined ? "flag" : KINDS[value] ?? "text";
}

/** Whether an option may be given a list there. */
export function takesList({ repeatable, setting }: OptionDefinition): boolean {
  return repeatable === true && setting !== "one";
}

/** What paths in the file are relative to. */
export interface PathPlaces {
  /** The folder of the file. */
  folder: string;
  /** The user's home, if there is one. */
  home?: string;
}

/** What is wrong with a value: half a sentence that begins with a verb. */
export class SettingFault extends Error {}

/**
 * A value of the file as the values of an option.
 *
 * @returns Whether a flag is given, or texts.
 * @throws {SettingFault} It is none.
 */
export function readSetting(
  option: OptionDefinition,
  value: unknown,
  places: PathPlaces,
): boolean | string[] {
  const { choices } = option;
  const kind = settingKind(option);
  if (kind === "flag") {
    if (typeof value === "boolean") return value;
    throw new SettingFault("is true or false");
  }
  const list = Array.isArray(value) && takesList(option) ? value : [value];
  if (list.length === 0) throw new SettingFault("needs a value in its list");
  return list.map((each) => {
    if (kind === "number" || kind === "size" && typeof each === "number") {
      if (typeof each === "number") return plain(each);
      throw new SettingFault("is a number, without quotes");
    }
    if (typeof each !== "string") {
      throw new SettingFault(
        kind === "size"
          ? 'is a size, such as "500M" or "2GiB"'
          : takesList(option)
          ? "is a text in double quotes, or a list of some"
          : "is one text, in double quotes",
      );
    }
    if (each === "") throw new SettingFault("needs a value");
    // deno-lint-ignore no-control-regex
    if (/[\x00-\x1f]/.test(each)) {
      throw new SettingFault("cannot take a line break or the like");
    }
    if (choices && !choices.includes(each)) {
      throw new SettingFault(
        `is ${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`,
      );
    }
    return isPath(option) ? absolute(each, places) : each;
  });
}

/** A number as it is typed. */
function plain(value: number): string {
  return value < 1e21 ? value.toFixed(6).replace(/\.?0+$/, "") : `${value}`;
}

function isPath({ value = "" }: OptionDefinition): boolean {
  return /^(?:FILE|DIR|FOLDER)\b/.test(value);
}

/** A path in the file is beside the file, and `~` is the home. */
function absolute(path: string, { folder, home }: PathPlaces): string {
  const [, rest] = /^~(?:[/\\](.*))?$/.exec(path) ?? [];
  if (path.startsWith("~") && /^~(?:[/\\]|$)/.test(path)) {
    if (home === undefined) {
      throw new SettingFault("names a home, and has none");
    }
    return rest === undefined ? home : join(home, rest);
  }
  return isAbsolute(path) ? path : join(folder, path);
}
