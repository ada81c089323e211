/** Platforms as they are written. */

import type { Platform } from "./types.ts";

/**
 * Writes a platform as `os[(version)]/architecture[/variant]`, as containerd
 * does.
 */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant, "os.version": version } = platform;
  return [version ? `${os}(${version})` : os, architecture, variant].filter(
    Boolean,
  ).join("/");
}
