/** What verify has found, in words. */

import type { TarFault } from "../../lib/image/problems.ts";
import type {
  LoaderReason,
  LoaderVerdict,
  VerifyFault,
  VerifyNote,
  VerifyProblem,
  VerifyReport,
} from "../../lib/verify/report.ts";
import { sentenceOf, type Sentences } from "./explanation.ts";
import { reasonOf } from "./reasons.ts";

const TAR: Sentences<TarFault> = {
  "ends": ({ length, within }) =>
    `it breaks off after ${length} bytes, within a ${within}`,
  "ends-within": ({ length, name }) =>
    `it breaks off after ${length} bytes, within ${name}`,
  "no-header": ({ offset }) => `there is no header at byte ${offset}`,
  "record-too-large": ({ offset, limit }) =>
    `a record at byte ${offset} has more than ${limit} bytes`,
};

/** Where a tar is broken. */
export function tarReason(fault: TarFault): string {
  return sentenceOf(TAR, fault);
}

const FAULTS: Sentences<VerifyFault> = {
  ...TAR,
  "outside": () => "the name leads out of the archive",
  "twice": () =>
    "it is there more than once, and loaders differ in which to take",
  "incomplete": ({ bytes, size }) => `${bytes} of ${size} bytes are there`,
  "other-size": ({ bytes, size }) => `it has ${bytes} bytes instead of ${size}`,
  "other-digest": ({ digest }) => `the bytes have digest ${digest}`,
  "not-expandable": ({ words }) => `it cannot be expanded: ${words}`,
  "other-diff-id": ({ digest, diffId }) =>
    `expanded it has digest ${digest}, not the diffID ${diffId}`,
  "layer-count": ({ config, manifest }) =>
    `its configuration speaks of ${config} layers, the manifest of ${manifest}`,
  "absent": () => "it is not there",
  "no-file": () => "it is no plain file",
  "dead-link": ({ target }) =>
    `it is a link to ${target}, which is no file of it`,
  "invalid": ({ error }) => reasonOf(error),
  "two-manifests": ({ name }) => `two manifests are called ${name}`,
  "no-text": ({ key, digest }) => `${key} of ${digest} is no text`,
  "no-layout-name": () => "it is no name by which a layout can be asked",
  "not-in-index": ({ imageId }) =>
    `index.json knows nothing of its image ${imageId}`,
  "no-documents": () => "there is neither index.json nor manifest.json",
  "before-1.10": () =>
    "it is of Docker before 1.10, which is not known here; load it and save " +
    "it anew",
};

const NOTES: Sentences<VerifyNote> = {
  "roundabout": ({ count }) =>
    `${count} names are written in a roundabout way, as ./name`,
  "endless": () => "the archive has no end mark",
  "not-there": ({ digest, machine }) =>
    `the index names ${digest} (${machine}), which is not there`,
  "no-image": ({ digest, mediaType }) => `${digest} is no image: ${mediaType}`,
  "artifact": ({ digest }) => `${digest} is an artifact, and no image`,
  "elsewhere": ({ name, mediaType }) =>
    `${name} is kept elsewhere: ${mediaType}`,
  "unchecked": ({ name, compression }) =>
    `the expanded bytes of ${name} are not checked: this runtime knows no ` +
    compression,
  "special": ({ name }) => `${name} is no plain file`,
};

const LOADERS: Sentences<LoaderReason> = {
  "needs-bytes": ({ layers }) =>
    `where it has the ${
      count(layers)
    } that the file lacks, as they were served`,
  "needs-stack": ({ layers }) =>
    `where an image there has the ${count(layers)} that the file lacks, from ` +
    "the bottom up",
  "needs-all": ({ layers }) =>
    `it takes no delta, and ${count(layers)} ${
      layers === 1 ? "is" : "are"
    } not in the file`,
  "problem": ({ problem }) =>
    `${problem.subject}: ${sentenceOf(FAULTS, problem.fault)}`,
  "no-folder": () => "it takes a tar, and no folder",
  "colon": () => "the path holds a colon",
  "zstd": () =>
    "it needs Docker 23 or later, as layers are compressed with zstd",
  "no-name": () =>
    "it makes nothing of an image without a name, but with --base-name NAME " +
    "--digests",
  "nameless": () => "the image will have no name",
  "no-document": ({ document }) => `there is no ${document}`,
  "no-images": ({ document }) => `${document} names no image`,
  "platform": ({ platform }) => `on Linux it takes no image for ${platform}`,
  "own-platform": ({ platform }) =>
    `it takes what its own machine runs, and this is for ${platform}; ` +
    "--all-platforms takes it",
  "too-many-layers": ({ layers, limit }) =>
    `it takes ${limit} layers, and here are ${layers}; with containerd's ` +
    "store it takes them",
  "short-name": ({ name }) =>
    `it loads it, and then finds nothing by the name ${name}, which is no ` +
    "full one",
  "algorithm": ({ algorithm }) => `it knows no digests by ${algorithm}`,
  "copies-algorithm": ({ algorithm }) => `it copies no digests by ${algorithm}`,
  "layer-elsewhere": ({ name }) =>
    `it fetches no layers, and ${name} is not in the file`,
  "fetches": ({ name, url }) =>
    `it fetches ${name} from ${url}, and takes none from the file`,
  "called": ({ name }) => `the image will be called ${name}, after the folder`,
  "calls": ({ name }) =>
    `it calls the image ${name}, after the folder, which is no name; in a ` +
    "folder of lower-case letters and digits it takes it",
  "several": ({ count }) => `index.json names ${count} images instead of one`,
  "choose": ({ count }) =>
    `one of ${count} must be chosen, as FILE:NAME or FILE:@0`,
  "choose-by-name": ({ count }) => `one of ${count} must be chosen by its name`,
  "config-type": ({ mediaType }) =>
    `its configuration is of the type ${mediaType}`,
  "too-large": ({ limit }) => `manifest.json has more than ${limit} bytes`,
  "linked": ({ name }) => `the layer ${name} is a link`,
  "two-diff-ids": ({ name }) => `the layer ${name} has two diffIDs`,
};

function count(layers: number): string {
  return layers === 1 ? "1 layer" : `${layers} layers`;
}

/** A report whose findings are sentences, as it is printed and in JSON. */
export interface ToldReport
  extends Omit<VerifyReport, "problems" | "notes" | "loaders"> {
  /** What is wrong. */
  problems: (Omit<VerifyProblem, "fault"> & { message: string })[];
  /** What is worth to be known. */
  notes: string[];
  /** Who will take it. */
  loaders: (Omit<LoaderVerdict, "reason"> & { reason?: string })[];
}

/** Puts a report in words. */
export function tellReport(report: VerifyReport): ToldReport {
  return {
    ...report,
    problems: report.problems.map(({ fault, ...problem }) => ({
      ...problem,
      message: sentenceOf(FAULTS, fault),
    })),
    notes: report.notes.map((note) => sentenceOf(NOTES, note)),
    loaders: report.loaders.map(({ reason, ...loader }) =>
      reason === undefined
        ? loader
        : { ...loader, reason: sentenceOf(LOADERS, reason) }
    ),
  };
}
