/** What is found out about an image's archive or layout. */

/** What kind of thing is wrong. */
export type VerifyProblemCode =
  | "digest"
  | "size"
  | "diff-id"
  | "missing"
  | "document"
  | "layers"
  | "reference"
  | "duplicate"
  | "link"
  | "name"
  | "truncated";

/** Something that is wrong. */
export interface VerifyProblem {
  /**
   * The kind: `digest`, `size` and `diff-id` are bytes that are not what they
   * are said to be.
   */
  code: VerifyProblemCode;
  /** The file in the archive or layout, or the archive itself. */
  subject: string;
  /** What is wrong with it, as half a sentence. */
  message: string;
}

/** In which of its two forms an image is there. */
export type ImageForm = "oci" | "docker";

/** An image that is there, or should be. */
export interface VerifiedImage {
  /** What it is called; none for an image without a name. */
  names: string[];
  /** `oci` by `index.json`, `docker` by `manifest.json`. */
  forms: ImageForm[];
  /** The digest of its manifest, where it has one. */
  digest?: string;
  /** The digest of its configuration, as Docker names images. */
  imageId?: string;
  /** What it is made for, as `os/architecture[/variant]`. */
  platform?: string;
  /** The number of its layers. */
  layers: number;
  /** The bytes of its layers as they are stored. */
  size: number;
  /** Whether nothing is wrong with it. */
  ok: boolean;
}

/** The programs whose rules are known. */
export type LoaderName =
  | "docker-classic"
  | "docker-containerd"
  | "podman"
  | "skopeo-docker-archive"
  | "skopeo-oci";

/** Whether a program will take it. */
export interface LoaderVerdict {
  /** The program, and which of its ways to store or read. */
  name: LoaderName;
  /** Whether it will. */
  accepts: boolean;
  /** Why not; or what it needs, or will do otherwise than expected. */
  reason?: string;
}

/** What {@linkcode verifyImage} has found out. */
export interface VerifyReport {
  /** The path, as it was given. */
  path: string;
  /** A tar, or the folder of an OCI image layout. */
  kind: "archive" | "layout";
  /** The images. */
  images: VerifiedImage[];
  /** All that is wrong; none in a good one. */
  problems: VerifyProblem[];
  /** What is not wrong, and yet worth to be known. */
  notes: string[];
  /** Who will take it. */
  loaders: LoaderVerdict[];
}
