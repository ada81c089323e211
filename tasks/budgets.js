// @ts-check
/**
 * How large what is released may become, in bytes: a tenth or so more than it
 * is, so that a change that costs much is noticed, and not each that costs a
 * little. Who raises one says here what for.
 */

/** `docker-pull.mjs` is 1.54 MB, with the libraries for signatures and YAML. */
export const BUNDLE = 1_650_000;

/**
 * The npm package, packed: it was 360 kB without signatures and the commands
 * beside them, 470 kB with those and `@sigstore/verify`, and is 490 kB with
 * deltas and the configuration file. It has less room than the others: it fits
 * into what it had before those.
 */
export const PACKAGE = 500_000;

/**
 * Bun's executables, by the end of their names: from 98 to 124 MB, of which
 * its runtime is all but 10 MB, the bundle and its bytecode.
 *
 * @type {Readonly<Record<string, number>>}
 */
export const BY_BUN = {
  "linux-x64": 123_000_000,
  "linux-arm64": 123_000_000,
  "macos-x64": 112_000_000,
  "macos-arm64": 103_000_000,
  "windows-x64.exe": 130_000_000,
};

/**
 * Deno's executables: its runtime for them, which is smaller than Deno itself
 * (96 MB), and what the program takes in it (4.3 MB).
 */
export const BY_DENO = 105_000_000;
export const PROGRAM_IN_DENO = 4_800_000;
