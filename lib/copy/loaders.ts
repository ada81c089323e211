/** What each program that loads images takes best. */

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
}

const TAR: LoaderForm = { format: "tar", ending: ".tar", stableTime: false };

/** How each program wants its images, by its name. */
export const LOADERS: Readonly<Record<LoadingProgram, LoaderForm>> = {
  docker: TAR,
  podman: TAR,
  containerd: TAR,
  // It imports what lies in a folder at each start, and remembers size and
  // time of what it has; what ends in .txt is a list of images to pull.
  k3s: {
    format: "tar",
    ending: ".tar.zst",
    endings: /\.(?:tar|tar\.gz|tgz|tar\.zst|tzst)$/,
    stableTime: true,
  },
  kind: TAR,
  skopeo: { format: "oci-archive", ending: ".tar", stableTime: false },
};
