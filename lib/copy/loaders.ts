/** What each program that loads images takes best. */

import type { AskedProgram } from "../archive/delta_check.ts";
import type { FoundBy } from "../image/delta.ts";

/** What is written: an archive of one of three forms, or a layout's folder. */
export type Format = "tar" | "oci" | "oci-archive" | "docker-legacy";

/** A program that images are written for. */
export type LoadingProgram =
  | "docker"
  | "podman"
  | "containerd"
  | "k3s"
  | "kind"
  | "skopeo";

/** How a program finds layers that an archive leaves out, as it has them. */
export interface LoaderDelta {
  /** By what. */
  foundBy: FoundBy;
  /** The form in which it can be told to do without them. */
  format: Format;
  /** Who can be asked what is there, the likeliest first. */
  programs: readonly AskedProgram[];
  /**
   * Whether it takes but one image in that form.
   *
   * @default {false}
   */
  isOneImage?: boolean;
}

/** How a program wants its images. */
export interface LoaderForm {
  /** The form. */
  format: Format;
  /** How the file's name ends where no other is given. */
  ending: string;
  /** How the file's name may end. */
  endings?: RegExp;
  /**
   * Whether the file's time is that of its newest image: what has another time
   * is loaded again.
   */
  stableTime: boolean;
  /** How it does without the layers that it has. */
  delta: LoaderDelta;
}

/** How those find layers that the default form is for. */
export const DELTAS: Readonly<Record<"tar" | "oci-archive", LoaderDelta>> = {
  "tar": {
    foundBy: "both",
    format: "tar",
    programs: ["docker", "k3s", "ctr", "crictl"],
  },
  "oci-archive": {
    foundBy: "digest",
    format: "oci-archive",
    programs: ["podman", "k3s", "ctr", "docker", "crictl"],
  },
};
const CONTAINERD: LoaderDelta = {
  foundBy: "digest",
  format: "tar",
  programs: ["k3s", "ctr", "crictl"],
};
const PODMAN: LoaderDelta = {
  foundBy: "digest",
  format: "oci-archive",
  programs: ["podman"],
  isOneImage: true,
};

const TAR = { format: "tar", ending: ".tar", stableTime: false } as const;

/** How each program wants its images, by its name. */
export const LOADERS: Readonly<Record<LoadingProgram, LoaderForm>> = {
  docker: {
    ...TAR,
    delta: { foundBy: "diff-id", format: "tar", programs: ["docker"] },
  },
  podman: { ...TAR, delta: PODMAN },
  containerd: { ...TAR, delta: CONTAINERD },
  // It imports what lies in a folder at each start, and remembers size and
  // time of what it has; what ends in .txt is a list of images to pull.
  k3s: {
    format: "tar",
    ending: ".tar.zst",
    endings: /\.(?:tar|tar\.gz|tgz|tar\.zst|tzst)$/,
    stableTime: true,
    delta: CONTAINERD,
  },
  kind: { ...TAR, delta: CONTAINERD },
  skopeo: {
    format: "oci-archive",
    ending: ".tar",
    stableTime: false,
    delta: PODMAN,
  },
};
