/** What cannot be read as images, and what to do about it. */

import { tarReason } from "./verify.ts";
import type { ArchiveError } from "../../lib/image/errors.ts";
import type { ArchiveProblem } from "../../lib/image/problems.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { type Explanation, sentenceOf, type Sentences } from "./explanation.ts";

const quote = JSON.stringify;

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
