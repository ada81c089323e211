/** What is wrong with a file, a folder, or another place of images. */

/** Where a tar is broken; positions and lengths are in bytes. */
export type TarFault =
  /** It ends within a header, a record, or the file `name`. */
  | { code: "ends"; length: number; within: "header" | "record" }
  | { code: "ends-within"; length: number; name: string }
  | { code: "no-header"; offset: number }
  | { code: "record-too-large"; offset: number; limit: number };

/** What is wrong with an archive or a layout itself. */
export type ContainerFault =
  /** The name leads out of it. */
  | { code: "outside" }
  /** There is more than one of that name, of which loaders take another. */
  | { code: "twice" }
  | TarFault;

/** What is worth to be known of it. */
export type ContainerNote =
  /** So many names are written in a roundabout way, as `./name`. */
  | { code: "roundabout"; count: number }
  /** It has no end mark. */
  | { code: "endless" };

/** Why a file or folder cannot be read as images. */
export type ArchiveProblem =
  | {
    code:
      /** It is neither a tar nor a layout. */
      | "no-archive"
      /** The folder is no layout. */
      | "no-layout"
      | "zip"
      /** There is neither `index.json` nor `manifest.json` in it. */
      | "no-image"
      /** It is of Docker before 1.10. */
      | "before-1.10"
      /** `oci-archive:` was said, and there is no `index.json`; or the reverse. */
      | "no-index"
      | "no-manifest-list";
  }
  /** It has to be expanded first: nobody here can, or nobody was asked to. */
  | { code: "expand"; compression: string }
  /** It expands to more than so many times its size. */
  | { code: "bomb"; ratio: number }
  /** It cannot be expanded, in these words of the decoder. */
  | { code: "broken"; words: string }
  /** It breaks off, or is no tar from some place on. */
  | { code: "truncated"; fault: TarFault }
  /** The name of a file in it leads out of it. */
  | { code: "outside"; name: string }
  | { code: "duplicate"; name: string }
  /** A file that its documents name is not there, or is a link to nothing. */
  | { code: "missing-file"; name: string }
  | { code: "bad-link"; name: string; target: string }
  /**
   * It is a delta, and says that it lacks so many layers of so many bytes,
   * which these images have.
   */
  | { code: "delta"; layers: number; size: number; base: string[] }
  /** A layer that is not the one that the configuration speaks of. */
  | { code: "other-layer"; name: string; diffId: string }
  /** A layer of a compression that cannot be looked into here. */
  | { code: "layer-compression"; name: string; compression: string };

/** Why a text names no place of images, or nothing that is there. */
export type PlaceProblem =
  | {
    code:
      | "empty"
      /** There is no path behind `oci:` and the like. */
      | "no-path"
      /** There is nothing behind the colon after the path. */
      | "no-name"
      /** There is nothing behind `docker-daemon:`. */
      | "no-image"
      /** What follows `@` is no number. */
      | "bad-number"
      /** It ends as an archive does, and begins as a reference. */
      | "file-or-image"
      /** An image that is written has a name, and no number. */
      | "number-to-write"
      /** There is no image in it. */
      | "no-images"
      /** Nothing can be read from it, or written to it. */
      | "not-a-source"
      | "not-a-target"
      /** Images are to be pushed there, and it is no registry's. */
      | "no-registry";
  }
  /** A place that other programs know. */
  | { code: "foreign"; transport: string }
  | { code: "bad-name"; name: string }
  | { code: "no-such-number"; count: number }
  | { code: "no-such-image"; name: string; names: string[] }
  /** What goes there has another digest than it names. */
  | { code: "other-digest"; digest: string }
  /** It takes one image, and there are several. */
  | { code: "several-images"; names: string[] }
  /** Two images that differ would have one name. */
  | { code: "same-name"; name: string };
