/** What is found out about an image's archive or layout. */

import type { Delta } from "../image/delta.ts";
import type { ContainerFault, ContainerNote } from "../image/problems.ts";
import type { InvalidError } from "../image/errors.ts";

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

/** What is wrong with a file, as data. */
export type VerifyFault =
  | ContainerFault
  /** So many of its bytes are there, of `size`. */
  | { code: "incomplete"; bytes: number; size: number }
  /** It has another size than its descriptor says. */
  | { code: "other-size"; bytes: number; size: number }
  /** Its bytes have this digest. */
  | { code: "other-digest"; digest: string }
  /** It cannot be expanded, in the words of what expands. */
  | { code: "not-expandable"; words: string }
  /** Expanded, it has another digest than the configuration says. */
  | { code: "other-diff-id"; digest: string; diffId: string }
  /** The configuration speaks of so many layers, the manifest of so many. */
  | { code: "layer-count"; config: number; manifest: number }
  /** It is not there, is no plain file, or a link to what is none. */
  | { code: "absent" | "no-file" }
  | { code: "dead-link"; target: string }
  /** It, or the name that it is, cannot be used. */
  | { code: "invalid"; error: InvalidError }
  /** Two manifests of `index.json` are called so. */
  | { code: "two-manifests"; name: string }
  /** An annotation of a manifest is no text. */
  | { code: "no-text"; key: string; digest: string }
  /** It is no name by which a layout can be asked. */
  | { code: "no-layout-name" }
  /** `index.json` knows nothing of this image of `manifest.json`. */
  | { code: "not-in-index"; imageId: string }
  /** There is neither `index.json` nor `manifest.json`; or it is too old. */
  | { code: "no-documents" | "before-1.10" };

/** What is not wrong, and yet worth to be known. */
export type VerifyNote =
  | ContainerNote
  /** The index names a manifest that is not there. */
  | { code: "not-there"; digest: string; machine: string }
  /** It is of that type, and no image; or an artifact. */
  | { code: "no-image"; digest: string; mediaType: string }
  | { code: "artifact"; digest: string }
  /** A layer of that type is kept elsewhere. */
  | { code: "elsewhere"; name: string; mediaType: string }
  /** A layer's expanded bytes are not checked: this runtime cannot expand it. */
  | { code: "unchecked"; name: string; compression: string }
  /** An entry of the archive is no plain file. */
  | { code: "special"; name: string };

/** Something that is wrong. */
export interface VerifyProblem {
  /**
   * The kind: `digest`, `size` and `diff-id` are bytes that are not what they
   * are said to be.
   */
  code: VerifyProblemCode;
  /** The file in the archive or layout, or the archive itself. */
  subject: string;
  /** What is wrong with it. */
  fault: VerifyFault;
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
  /** It is a delta. */
  | "delta"
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

/** Why a program will not take it, or what it will do, as data. */
export type LoaderReason =
  /** What is wrong with a file. */
  | { code: "problem"; problem: VerifyProblem }
  | {
    code:
      /** It takes a tar, and no folder. */
      | "no-folder"
      /** The path holds a colon. */
      | "colon"
      /** Layers are compressed with zstd, which it takes from a version on. */
      | "zstd"
      /** It makes nothing of an image without a name. */
      | "no-name"
      /** The image will have no name. */
      | "nameless";
  }
  /**
   * It takes it where it has the layers that are left out: with the very same
   * bytes, or as they lie on each other. Or it takes no less than all.
   */
  | { code: "needs-bytes" | "needs-stack" | "needs-all"; layers: number }
  /** That document is not there, or names no image. */
  | { code: "no-document" | "no-images"; document: string }
  /** On Linux it takes no image for that platform; or the machine's own. */
  | { code: "platform" | "own-platform"; platform: string }
  | { code: "too-many-layers"; layers: number; limit: number }
  /** It loads it, and finds nothing by this name, which is no full one. */
  | { code: "short-name"; name: string }
  /** It knows no digests by it, or copies none. */
  | { code: "algorithm" | "copies-algorithm"; algorithm: string }
  /** It fetches no layers, and this one is not in the file. */
  | { code: "layer-elsewhere"; name: string }
  /** It fetches this one from there, and takes none from the file. */
  | { code: "fetches"; name: string; url: string }
  /** The image will be called so, after the folder; or that is no name. */
  | { code: "called" | "calls"; name: string }
  /** There are so many instead of one; one must be chosen, or by its name. */
  | { code: "several" | "choose" | "choose-by-name"; count: number }
  /** Its configuration is of that type. */
  | { code: "config-type"; mediaType?: string }
  /** `manifest.json` has more bytes. */
  | { code: "too-large"; limit: number }
  /** A layer is a link, or has two diffIDs. */
  | { code: "linked" | "two-diff-ids"; name: string };

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
  reason?: LoaderReason;
}

/** What {@linkcode verifyImage} has found out. */
export interface VerifyReport {
  /** The path, as it was given. */
  path: string;
  /** A tar, or the folder of an OCI image layout. */
  kind: "archive" | "layout";
  /** The images. */
  images: VerifiedImage[];
  /** What it lacks, as its target has it; nothing where it is whole. */
  delta?: Delta;
  /** All that is wrong; none in a good one. */
  problems: VerifyProblem[];
  /** What is not wrong, and yet worth to be known. */
  notes: VerifyNote[];
  /** Who will take it. */
  loaders: LoaderVerdict[];
}
