/** Reads the configuration file, and says where in it something is wrong. */

import { dirname } from "node:path";
import { openSettings } from "../../lib/disk/plain_file.ts";
import { onDisk } from "../../lib/disk/io.ts";
import { InvalidPlatformError, StorageError } from "../../lib/image/errors.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { PULL } from "../commands/pull_options.ts";
import type { Io } from "../io.ts";
import {
  type OptionDefinition,
  type ParsedArguments,
  UsageError,
} from "../options/arguments.ts";
import { nearest } from "../options/meant.ts";
import { DOWNLOADS, OPTIONS, UPLOADS } from "../options/option_table.ts";
import { JsonFault, scanJson } from "./json_scan.ts";
import { SETTINGS } from "./table.ts";
import { readSetting, SettingFault } from "./values.ts";

/** What the file says, by the names of options. */
export type Settings = ReadonlyMap<string, boolean | string[]>;

/** More than anybody would write. */
const MAX_BYTES = 1024 * 1024;
/** Everybody may write to a file of this mode. */
const WRITABLE_BY_ALL = 0o002;

/** What a login is called, here and by other programs. */
const LOGIN =
  /^(?:(?:src|dest)-)?(?:user|creds|login)|^auths?$|passw|token|secret|cred/i;

/**
 * Reads the file.
 *
 * @param path The path.
 * @throws {UsageError} It says what makes no sense, or everybody may write it.
 * @throws {StorageError} It cannot be read.
 */
export async function readSettingsFile(
  path: string,
  { env, os }: Pick<Io, "env" | "os">,
): Promise<Settings> {
  const text = await readTextOf(path, os);
  const fail = (words: string, line?: number, hint?: string) =>
    new UsageError(
      `Cannot use ${JSON.stringify(path)}${
        line === undefined ? "" : `, line ${line}`
      }: ${words}`,
      { hint: hint ?? "docker-pull config --help shows what can stand there" },
    );
  if (text.trim() === "") return new Map();
  let members;
  try {
    members = scanJson(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw fail(`it is not valid JSON: ${error.message}`, error.line, REPAIR);
  }
  const document: unknown = JSON.parse(text);
  if (
    typeof document !== "object" || document === null || Array.isArray(document)
  ) {
    throw fail("it is no JSON object", undefined, REPAIR);
  }
  const found = document as Record<string, unknown>;
  const home = os === "win32" ? env.USERPROFILE : env.HOME;
  const places = { folder: dirname(path), home };
  const settings = new Map<string, boolean | string[]>();
  const lines = new Map<string, number>();
  for (const { name, line } of members) {
    if (lines.has(name)) throw fail(`${quoted(name)} is said twice`, line);
    lines.set(name, line);
    if (name === "$schema") continue;
    const option = SETTINGS.find((each) => each.name === name);
    if (!option) throw fail(...unknownSetting(name, line));
    try {
      settings.set(name, readSetting(option, found[name], places));
      await checkMeaning(option, settings.get(name)!);
    } catch (error) {
      if (!(error instanceof SettingFault)) throw error;
      throw fail(`${quoted(name)} ${error.message}`, line);
    }
  }
  checkTogether(settings, (message) => {
    const words = message.replace(/^Options? /, "")
      .replace(/--([a-z-]+)/g, (_, name) => quoted(name));
    const named = [...message.matchAll(/--([a-z-]+)/g)]
      .find(([, name]) => lines.has(name!));
    return fail(words, named && lines.get(named[1]!));
  });
  return settings;
}

const REPAIR = "repair it; with DOCKER_PULL_CONFIG=none, it is not read";

async function readTextOf(path: string, os: string): Promise<string> {
  const handle = await openSettings(path);
  try {
    const { mode, size } = await onDisk("read", path, () => handle.stat());
    if (size > MAX_BYTES) throw new StorageError("read", path, "too-large");
    // Windows has no such modes, and a pipe is nobody's to change.
    if (os !== "win32" && size > 0 && (mode & WRITABLE_BY_ALL) !== 0) {
      throw new UsageError(
        `Cannot use ${JSON.stringify(path)}: everybody on this machine may ` +
          "write to it",
        { hint: `chmod o-w ${JSON.stringify(path)} lets nobody else do that` },
      );
    }
    const text = await onDisk("read", path, () => handle.readFile("utf8"));
    return text.replace(/^\ufeff/, "");
  } finally {
    await handle.close();
  }
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}

/** What to say of a name that is no setting. */
function unknownSetting(
  name: string,
  line: number,
): [words: string, line: number, hint?: string] {
  if (LOGIN.test(name)) {
    return [
      `${quoted(name)} is no setting, as no login is kept there`,
      line,
      "docker-pull login HOST keeps one where docker login does, in a " +
      "credential helper if there is one",
    ];
  }
  const option = OPTIONS.find((each) => each.name === name);
  if (option) {
    return [`${quoted(name)} is said on the command line only`, line];
  }
  const names = SETTINGS.map((each) => each.name);
  const meant = nearest(name.replace(/^-+/, "").replaceAll("_", "-"), names);
  // What looks like no name may be a password.
  const shown = /^[\w$.-]{1,40}$/.test(name)
    ? ` ${quoted(name)}`
    : " of that name";
  return [
    `there is no setting${shown}` +
    (meant ? `; it may be meant as ${quoted(meant)}` : ""),
    line,
  ];
}

/** What is read where it is needed is checked here, where its line is known. */
async function checkMeaning(
  { name }: OptionDefinition,
  value: boolean | string[],
): Promise<void> {
  if (typeof value === "boolean") return;
  if (name === "platform") {
    for (const text of value) {
      try {
        parsePlatform(text);
      } catch (error) {
        if (!(error instanceof InvalidPlatformError)) throw error;
        throw new SettingFault("is one platform, such as linux/arm64");
      }
    }
  }
  if (name === "mirror") {
    const { parseMirror } = await import("../access/mirrors.ts");
    for (const text of value) {
      try {
        if (/\s/.test(text)) throw new UsageError(": a space is in it");
        parseMirror(text, "");
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        throw new SettingFault(error.message.replace(/^: /, "is wrong: "));
      }
    }
  }
}

/** Checks the numbers, and what excludes each other, as on a command line. */
function checkTogether(
  settings: Settings,
  fail: (message: string) => UsageError,
): void {
  const check = (said: Settings, name = DOWNLOADS) => {
    try {
      PULL.read(asArguments(said));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw fail(error.message.replaceAll(DOWNLOADS, name));
    }
  };
  check(settings);
  // Their number is checked as that of the others.
  check(new Map([[DOWNLOADS, settings.get(UPLOADS) ?? false]]), UPLOADS);
}

/** The settings as if they had been typed. */
function asArguments(settings: Settings): ParsedArguments {
  const values = new Map<string, string[]>();
  const flags = new Set<string>();
  for (const [name, value] of settings) {
    if (value === true) flags.add(name);
    else if (value) values.set(name, value);
  }
  return {
    flags,
    values,
    denied: new Set(),
    origins: new Map(),
    operands: ["image"],
    ended: false,
    one: (name) => values.get(name)?.[0],
  };
}
