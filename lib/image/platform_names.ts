/**
 * Platforms as they are written, brought into one spelling as containerd does.
 *
 * @see {@link https://github.com/containerd/platforms/blob/v1.0.0-rc.1/database.go}
 */

import { defined } from "./defined.ts";
import { InvalidPlatformError } from "./errors.ts";
import type { Platform } from "./types.ts";

const ARCHITECTURES: ReadonlyMap<string, [string, string?]> = new Map([
  ["x86_64", ["amd64"]],
  ["x86-64", ["amd64"]],
  ["x64", ["amd64"]],
  ["i386", ["386"]],
  ["i486", ["386"]],
  ["i586", ["386"]],
  ["i686", ["386"]],
  ["ia32", ["386"]],
  ["x86", ["386"]],
  ["aarch64", ["arm64"]],
  ["armv8", ["arm64"]],
  ["arm64v8", ["arm64"]],
  ["armhf", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
  // As Docker Hub has it.
  ["arm32v5", ["arm", "v5"]],
  ["arm32v6", ["arm", "v6"]],
  ["arm32v7", ["arm", "v7"]],
  ["ppc64el", ["ppc64le"]],
  ["mipsel", ["mipsle"]],
  ["mips64el", ["mips64le"]],
  ["loongarch64", ["loong64"]],
]);

/** As `uname -m` has it, of 64 bits in a program of 32, too: `armv8l`. */
const ARM_OF_UNAME = /^armv([567]|8l)[a-z]*$/;

const PROCESSORS = new Set(
  "386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm"
    .split(" "),
);

/** A version stands after the system's name, as containerd has it, or last. */
const VERSIONED =
  /^(?<os>[^/():]+)(?:\((?<after>\d[\d.]*)\))?(?<rest>\/[^:]*)(?::(?<last>\d[\d.]*))?$/;

/**
 * Takes a platform apart.
 *
 * @param text `os/architecture[/variant]`, or an architecture alone, which is
 * then one of Linux. A version of Windows is written
 * `windows(10.0.17763.1)/amd64` or `windows/amd64:10.0.17763.1`.
 * @returns The platform in its usual spelling.
 * @throws {InvalidPlatformError} If it is none.
 *
 * @example
 * ```ts
 * import { parsePlatform } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parsePlatform("linux/aarch64"), { os: "linux", architecture: "arm64" });
 * assertEquals(parsePlatform("arm"), { os: "linux", architecture: "arm", variant: "v7" });
 * ```
 */
export function parsePlatform(text: string): Platform {
  const given = text.trim().toLowerCase();
  const { os: name, rest, after, last } = VERSIONED.exec(given)?.groups ?? {};
  const version = after ?? last;
  const parts = (version === undefined ? given : `${name}${rest}`).split("/");
  if (after !== undefined && last !== undefined) {
    throw new InvalidPlatformError(text, { code: "two-versions" });
  }
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new InvalidPlatformError(text, { code: "bad-shape" });
  }
  if (parts.length === 1 || isArchitecture(parts[0]!)) {
    if (!isArchitecture(parts[0]!)) {
      throw new InvalidPlatformError(text, { code: "no-architecture" });
    }
    parts.unshift("linux");
  }
  const [os, architecture, variant] = parts;
  return normalizePlatform({
    os: os!,
    architecture: architecture!,
    variant,
    "os.version": version,
  });
}

function isArchitecture(text: string): boolean {
  return spelling(text) !== undefined || PROCESSORS.has(text);
}

/** The usual spelling of an architecture that has another one. */
function spelling(text: string): [string, string?] | undefined {
  const level = ARM_OF_UNAME.exec(text)?.[1]?.[0];
  return level ? ["arm", `v${level}`] : ARCHITECTURES.get(text);
}

/**
 * Brings a platform into its usual spelling.
 *
 * @param platform As a user or an index writes it.
 * @returns Such as `arm64` for `aarch64`, and no variant where it is the
 * architecture's own.
 */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: given, ...rest } = platform;
  const os = rest.os.toLowerCase() === "macos"
    ? "darwin"
    : rest.os.toLowerCase();
  const written = rest.architecture.toLowerCase();
  const [architecture, implied] = spelling(written) ?? [written];
  let variant = (given?.toLowerCase() || implied)?.replace(/^(?=\d)/, "v");
  if (architecture === "arm64" && /^v8(\.0)?$/.test(variant ?? "")) {
    variant = undefined;
  }
  if (architecture === "amd64" && variant === "v1") variant = undefined;
  if (architecture === "arm") variant ??= "v7";
  return defined({ ...rest, os, architecture, variant: variant || undefined });
}
