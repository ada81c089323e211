/**
 * What cannot be read as images, or be left out of what is written, and what to
 * do about it.
 */

import { format as formatBytes } from "@std/fmt/bytes";
import { tarReason } from "./verify.ts";
import type { ArchiveError, DeltaError } from "../../lib/image/errors.ts";
import type { ArchiveProblem, DeltaProblem } from "../../lib/image/problems.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import {
  type ErrorContext,
  type Explanation,
  sentenceOf,
  type Sentences,
} from "./explanation.ts";

const quote = JSON.stringify;
/** As many names are shown. */
const MOST_NAMES = 3;

/** What is read, for those who have something else. */
export const READABLE =
  "what docker-pull, docker save, podman save, skopeo, crane, regctl and oras " +
  "write is read: a tar, or a folder with an image layout";
const ANEW = "have it made anew, or brought here once more";

/** What expands a file that is not expanded here. */
const EXPANDERS: Readonly<Record<string, string>> = {
  bzip2: "bunzip2",
  gzip: "gunzip",
  xz: "unxz",
  zstd: "unzstd",
};

const REASON: Sentences<ArchiveProblem> = {
  "no-archive": () => "it is neither a tar nor a layout",
  "no-layout": () => "it is no image layout",
  "zip": () => "it is a zip file, and images come in a tar",
  "no-image": () => "there is neither index.json nor manifest.json in it",
  "before-1.10": () =>
    "it is of Docker before 1.10, which had no manifest.json",
  "no-index": () => "there is no index.json in it, so it is no OCI archive",
  "no-manifest-list": () =>
    "there is no manifest.json in it, so it is no Docker archive",
  "expand": ({ compression }) =>
    `it is compressed with ${compression} as a whole, which is not read here`,
  "bomb": ({ ratio }) =>
    `it expands to more than ${ratio} times its size, as no image does`,
  "broken": ({ words }) => `it cannot be expanded (${words})`,
  "truncated": ({ fault }) => tarReason(fault),
  "outside": ({ name }) => `the name ${quote(name)} in it leads out of it`,
  "duplicate": ({ name }) =>
    `${quote(name)} is in it twice, of which each loader takes another`,
  "missing-file": ({ name }) => `${quote(name)} is not in it`,
  "bad-link": ({ name, target }) =>
    `${quote(name)} in it is a link to ${
      quote(target)
    }, which is no file of it`,
  "delta": ({ layers, size, base }) =>
    `it is a delta, and ${layers} ${
      layers === 1 ? "layer is" : "layers are"
    } not in it (${formatBytes(size)}${
      base.length > 0 ? `, as in ${namesOf(base)}` : ""
    })`,
  "other-layer": ({ name, diffId }) =>
    `${quote(name)} in it is not the layer ${diffId} that its image has`,
  "layer-compression": ({ name, compression }) =>
    `${quote(name)} in it is compressed with ${compression}, which is not ` +
    "read here",
};

const NEXT: Sentences<ArchiveProblem> = {
  "no-archive": () => READABLE,
  "no-layout": () => READABLE,
  "zip": () => "unzip it, and name what was in it",
  "no-image": () => READABLE,
  "before-1.10": () =>
    "docker load it into Docker 28 or older, and save it anew",
  "no-index": () => "name it with docker-archive: in place of oci-archive:",
  "no-manifest-list": () =>
    "name it with oci-archive: in place of docker-archive:",
  "expand": ({ compression }) =>
    `expand it first with ${EXPANDERS[compression] ?? "its own program"}`,
  "bomb": () => "if you know what is in it, expand it, and name the tar",
  "broken": () => ANEW,
  "truncated": () => ANEW,
  "outside": () => "do not trust it; ask who made it",
  "duplicate": () => "have it saved anew",
  "missing-file": () => ANEW,
  "bad-link": () => ANEW,
  "delta": () =>
    "load it where those layers are, copy or push it to where they are, or " +
    "pull the image whole, without --have",
  "other-layer": () => ANEW,
  "layer-compression": () => "docker load it, and save it anew",
};

/** What says that the bytes are not what they are said to be. */
const DAMAGE: ReadonlySet<ArchiveProblem["code"]> = new Set(
  [
    "broken",
    "truncated",
    "missing-file",
    "other-layer",
  ] as const,
);

/** What it would be wrong to read, though it can be. */
const HOSTILE: ReadonlySet<ArchiveProblem["code"]> = new Set(
  [
    "bomb",
    "outside",
    "duplicate",
    "bad-link",
  ] as const,
);

function exitCode({ code }: ArchiveProblem): ExitCode {
  if (code === "delta") return EXIT.lacking;
  if (DAMAGE.has(code)) return EXIT.mismatch;
  return HOSTILE.has(code) ? EXIT.other : EXIT.disk;
}

/** Puts it in words. */
export function explainArchive({ path, problem }: ArchiveError): Explanation {
  return {
    sentence: `Cannot read images from ${quote(path)}: ${
      sentenceOf(REASON, problem)
    }`,
    hint: sentenceOf(NEXT, problem),
    code: exitCode(problem),
  };
}

/** The images that have what is left out; nothing where none has a name. */
export function namesOf(names: readonly string[]): string | undefined {
  const different = [...new Set(names)];
  if (different.length === 0) return undefined;
  const shown = different.slice(0, MOST_NAMES).join(", ");
  const rest = different.length - MOST_NAMES;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

const DELTA_REASON: Sentences<DeltaProblem> = {
  "empty-base": () => "it tells of no layer",
  "nothing-in-common": ({ layers }) =>
    layers === 1
      ? "it has not the one layer that there is"
      : `it has none of the ${layers} layers`,
  "by-diff-id": ({ layers }) =>
    `${countOf(layers)} known by the digest of the uncompressed bytes alone, ` +
    "by which containerd and Podman find none",
  "by-digest": ({ layers }) =>
    `${countOf(layers)} known by the digest of the compressed bytes alone, ` +
    "and not to lie on the same ones, as Docker's graph drivers want it",
  "form": ({ format }) =>
    `a file or folder of the form ${format} is taken with all layers only`,
  "other-layers": () =>
    "layers that are compressed anew are none that are there",
  "several": ({ count }) =>
    `Podman and skopeo take one image with less than all layers, and here ` +
    `are ${count}`,
};

const DELTA_NEXT: Readonly<Record<DeltaProblem["code"], string>> = {
  "empty-base":
    "name an image, a file or a lock, or what docker image inspect IMAGE or " +
    "ctr content ls -q prints there",
  "nothing-in-common": "pull it whole, without --have, or name another base",
  "by-diff-id":
    "--for docker leaves them out for Docker's graph drivers; for the others, " +
    "name the image itself that is there, as in --have nginx:1.26",
  "by-digest":
    "--for containerd leaves them out for containerd, or --for podman; for " +
    "Docker, name the image itself that is there, as in --have nginx:1.26",
  "form": "leave out --format, or take oci-archive",
  "other-layers": "leave out --layers, or else --have",
  "several": "pull each image and platform to a file of its own",
};

/** What to do where a target is asked whether it has enough. */
const DELTA_NEXT_AGAINST: Partial<Record<DeltaProblem["code"], string>> = {
  "by-diff-id":
    "hold it against what ctr content ls -q prints there, or against the image " +
    "itself",
  "by-digest":
    "hold it against what docker image inspect prints there, or against the " +
    "image itself",
};

const USAGE: ReadonlySet<DeltaProblem["code"]> = new Set(
  ["empty-base", "form", "other-layers", "several"] as const,
);

function countOf(layers: number): string {
  return layers === 1 ? "1 layer is" : `${layers} layers are`;
}

/** Puts it in words. */
export function explainDelta(
  { subject, problem }: DeltaError,
  { command }: ErrorContext,
): Explanation {
  const reason = sentenceOf(DELTA_REASON, problem);
  const { code } = problem;
  const against = command === "verify" ? DELTA_NEXT_AGAINST[code] : undefined;
  const exit: ExitCode = USAGE.has(code) ? EXIT.usage : EXIT.lacking;
  return {
    sentence: command === "verify"
      ? `Cannot tell whether ${quote(subject)} has enough: ${reason}`
      : `Cannot leave out what ${quote(subject)} has: ${reason}`,
    hint: against ?? DELTA_NEXT[code],
    code: exit,
  };
}
