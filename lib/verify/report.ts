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
  | "containerd"
  | "podman"
  | "skopeo-docker-archive"
  | "skopeo-oci";

/** What a verdict is about, for programs. */
export type LoaderReasonCode =
  /** Something is wrong with the file; see its problems. */
  | "problem"
  /** It is not of a form that the program reads. */
  | "form"
  /** The path cannot be said to the program. */
  | "path"
  /** There are more layers than it takes. */
  | "layers"
  /** A layer's compression. */
  | "compression"
  /** A layer that is a link, or comes with two diffIDs. */
  | "layer"
  /** What the image is made for. */
  | "platform"
  /** The type of the configuration. */
  | "config"
  /** The algorithm of a digest. */
  | "algorithm"
  /** Addresses of a layer, which are asked in place of the file. */
  | "urls"
  /** What the image is called. */
  | "name"
  /** There are several images. */
  | "several"
  /** A document is too large for it. */
  | "size";

/**
 * Whether a program will take it, on Linux, and the image can be found by its
 * name then.
 */
export interface LoaderVerdict {
  /** The program, and which of its ways to store or read. */
  name: LoaderName;
  /** Whether it will; with `since`, its versions from that one on. */
  accepts: boolean;
  /** The first version that will, where older ones will not: `23.0`. */
  since?: string;
  /** What the reason is about. */
  code?: LoaderReasonCode;
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
