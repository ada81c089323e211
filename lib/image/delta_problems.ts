/** What is wrong with a delta, or with what it is measured against. */

/** Why an archive cannot be a delta, or one cannot be held against a target. */
export type DeltaProblem =
  /** What is to tell which layers a target has tells of none. */
  | { code: "empty-base" }
  /** It has none of the layers. */
  | { code: "nothing-in-common"; layers: number }
  /**
   * So many layers are there by the digest of their uncompressed bytes alone,
   * and none by that of their very bytes, which is needed.
   */
  | { code: "by-diff-id"; layers: number }
  /**
   * So many layers are there by the digest of their very bytes alone: on others
   * than here, or nothing is known of that, which is needed.
   */
  | { code: "by-digest"; layers: number }
  /** Nobody takes less than all layers in that form. */
  | { code: "form"; format: string }
  /** Layers that are made anew have other digests than those of the target. */
  | { code: "other-layers" }
  /** It takes one image, and there are so many. */
  | { code: "several"; count: number };
