/** What the commands of the cache print. */

import { format as formatBytes } from "@std/fmt/bytes";
import type {
  CacheAmount,
  CacheContents,
  CachedBlob,
  CachedImage,
} from "../../lib/cache/contents.ts";
import type { PruneResult } from "../../lib/cache/prune.ts";
import type { RemoveResult } from "../../lib/cache/remove.ts";
import type { CacheReport } from "../../lib/cache/verify.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import { familiarName, parseReference } from "../../lib/image/reference.ts";
import { nearestFew } from "../options/meant.ts";
import type { Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import { table } from "./table.ts";

/** So many hex digits tell digests from one another for people. */
const SHORT_DIGEST = "sha256:".length + 12;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The images of a cache as a table. */
export function imageLines(
  { images, path }: CacheContents,
  now: number,
): string[] {
  if (images.length === 0) return [`There is no image in ${neutralize(path)}`];
  return table([
    ["IMAGE", "PLATFORM", "SIZE", "UNIQUE", "LAST USED", "DIGEST"],
    ...images.map((image) => [
      nameOf(image) + (image.missing.length > 0 ? " (incomplete)" : ""),
      image.platforms.map(formatPlatform).join(","),
      formatBytes(image.size),
      formatBytes(image.unique),
      sayAgo(now - Number(image.lastUsed)),
      // As the pull has told it, and as the registry tells it.
      image.sourceDigests.map((digest) => digest.slice(0, SHORT_DIGEST)).join(),
    ]),
  ], [2, 3]);
}

/** The blobs of a cache as a table. */
export function blobLines(
  { blobs, path }: { blobs: readonly CachedBlob[]; path: string },
  now: number,
): string[] {
  if (blobs.length === 0) return [`There is nothing in ${neutralize(path)}`];
  return table([
    ["SIZE", "KIND", "IMAGES", "LAST USED", "DIGEST"],
    ...blobs.map(({ size, kind, images, lastUsed, digest }) => [
      formatBytes(size),
      kind,
      images.length === 0 ? "unused" : `${images.length}`,
      sayAgo(now - Number(lastUsed)),
      digest,
    ]),
  ], [0]);
}

/** What a cache takes, in a few lines. */
export function sizeLines(contents: CacheContents): string[] {
  const { images, path, shared, unique, unused, unfinished, total } = contents;
  const of = ({ count, bytes }: CacheAmount, what = "blob") => [
    formatBytes(bytes),
    say(count, what),
  ];
  return [
    neutralize(path),
    ...table([
      ["of one image", ...of(unique)],
      ["shared by images", ...of(shared)],
      ["unused", ...of(unused)],
      ["unfinished", ...of(unfinished, "part")],
      ["total", formatBytes(total.bytes), say(images.length, "image")],
    ], [1]),
  ];
}

/** What was pruned, or would be. */
export function pruneLines(
  { images, blobs, bytes, left, inUse }: PruneResult,
  { dryRun, maxSize }: { dryRun: boolean; maxSize?: number },
  style: Style,
): string[] {
  return [
    ...goneLines(images, dryRun, style),
    ...inUse.map((image) =>
      `${style.warn("in use:")}  ${nameOf(image)} is being pulled, and stays`
    ),
    freedLine(blobs, bytes, dryRun, style) + `, ${formatBytes(left)} left`,
    ...(maxSize !== undefined && left > maxSize
      ? [
        `${style.warn("note:")} that is more than --max-size, as running ` +
        "pulls need it",
      ]
      : []),
  ];
}

/** What was removed by name, or would be. */
export function removeLines(
  { removed, images, blobs, bytes, inUse }: RemoveResult,
  dryRun: boolean,
  style: Style,
): string[] {
  const gone = new Set(
    images.flatMap(({ names, digest, sourceDigests }) => [
      ...names,
      digest,
      ...sourceDigests,
    ]),
  );
  return [
    ...goneLines(images, dryRun, style),
    ...removed.filter((name) => !gone.has(name)).map((name) =>
      `${removedWord(dryRun, style)} the name ${familiar(name)}; the image ` +
      "has others"
    ),
    ...inUse.map((name) =>
      `${style.warn("in use:")}  ${neutralize(name)} is being pulled, and stays`
    ),
    freedLine(blobs, bytes, dryRun, style),
  ];
}

/** What the cache has nothing of. */
export function missingLines(
  { missing, known }: RemoveResult,
  cacheDir: string,
): string[] {
  return missing.flatMap((name) => {
    const near = nearestFew(name, known.map(familiar), 2);
    return [
      `error: There is no ${JSON.stringify(neutralize(name))} in ${
        neutralize(cacheDir)
      }`,
      ...(near.length > 0 ? [`hint: there is ${near.join(" and ")}`] : []),
    ];
  });
}

/** What verifying has found. */
export function verifyLines(
  { blobs, bytes, damaged, incomplete }: CacheReport,
  repair: boolean,
  style: Style,
): string[] {
  const left = damaged.filter(({ removed }) => !removed);
  return [
    ...damaged.map(({ digest, images, removed }) =>
      `${style.bad("damaged")}  ${digest}${
        images.length > 0 ? `, of ${images.map(familiar).join(", ")}` : ""
      }${removed ? ", removed" : repair ? ", in use" : ""}`
    ),
    ...incomplete.map(({ names, digest, missing }) =>
      `${style.warn("note   ")}  ${
        names.map(familiar).join(", ") || digest
      } lacks ${say(missing.length, "blob")}, which the next pull of it fetches`
    ),
    damaged.length === 0
      ? `Nothing is wrong: ${say(blobs, "blob")} (${formatBytes(bytes)})`
      : `${say(damaged.length, "blob")} of ${blobs} ${
        damaged.length === 1 ? "is" : "are"
      } damaged` +
        (left.length > 0 && !repair
          ? "; docker-pull cache verify --repair removes " +
            (left.length === 1 ? "it" : "them")
          : ""),
  ];
}

/** Where the cache is that a first pull has made. */
export function firstCacheLine(
  path: string,
  { bytes }: CacheAmount,
  style: Style,
): string {
  return `${style.good("Cache:")}  ${neutralize(path)}, ${
    formatBytes(bytes)
  } by now; docker-pull cache shows and clears it`;
}

function goneLines(
  images: readonly CachedImage[],
  dryRun: boolean,
  style: Style,
): string[] {
  return images.map((image) =>
    `${removedWord(dryRun, style)} ${nameOf(image)}, ${formatBytes(image.size)}`
  );
}

function removedWord(dryRun: boolean, style: Style): string {
  return style.good(dryRun ? "Would remove" : "Removed");
}

function freedLine(
  blobs: number,
  bytes: number,
  dryRun: boolean,
  style: Style,
): string {
  return `${style.good(dryRun ? "Would free" : "Freed")} ${
    formatBytes(bytes)
  } in ${say(blobs, "blob")}`;
}

function nameOf({ names, digest }: CachedImage): string {
  return names.length > 0 ? names.map(familiar).join(", ") : digest;
}

function familiar(name: string): string {
  try {
    return familiarName(parseReference(name));
  } catch {
    return neutralize(name);
  }
}

function say(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function sayAgo(ms: number): string {
  const units: [number, string][] = [
    [DAY_MS, "day"],
    [DAY_MS / 24, "hour"],
    [DAY_MS / 24 / 60, "minute"],
  ];
  for (const [length, name] of units) {
    const count = Math.floor(ms / length);
    if (count >= 1) return `${say(count, name)} ago`;
  }
  return "just now";
}
