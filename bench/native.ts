/** Builds the benchmark's small C programs, where there is a compiler. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Each of them, and the libraries that it wants. */
const SOURCES = {
  floor: ["-lcrypto", "-lpthread"],
  pace: ["-lpthread"],
  link: ["-lpthread"],
};

/** Why a link to a network of its own cannot be made here, if so. */
function noLink(): string | undefined {
  return process.platform !== "linux" || process.getuid?.() !== 0
    ? "a network of its own wants root on Linux"
    : existsSync("/dev/net/tun")
    ? undefined
    : "there is no /dev/net/tun";
}

/** What was built, and why the rest was not. */
export interface Built {
  /** Paths, by name. */
  programs: Record<string, string>;
  /** Reasons, by name. */
  missing: Record<string, string>;
}

/**
 * Builds them.
 *
 * @param compiler A C compiler, or undefined where there is none.
 * @param folder Where the programs go.
 */
export function buildNative(
  compiler: string | undefined,
  folder: string,
): Built {
  const built: Built = { programs: {}, missing: {} };
  const target = join(folder, "native");
  mkdirSync(target, { recursive: true });
  for (const [name, libraries] of Object.entries(SOURCES)) {
    const cannot = compiler === undefined
      ? "there is no C compiler"
      : name === "link"
      ? noLink()
      : undefined;
    const file = join(target, name);
    const source = fileURLToPath(
      new URL(`native/${name}.c`, import.meta.url),
    );
    const { status, stderr } = cannot
      ? { status: 1, stderr: cannot }
      : spawnSync(compiler!, ["-O2", "-o", file, source, ...libraries], {
        encoding: "utf8",
      });
    if (status === 0) built.programs[name] = file;
    else {
      const reason = /fatal error: .*|^.*$/m.exec(stderr ?? "")?.[0];
      built.missing[name] = cannot ?? `${name}.c cannot be built: ${reason}`;
    }
  }
  return built;
}
