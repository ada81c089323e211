/** What the rules of several programs have in common. */

import { formatReference, parseReference } from "../image/reference.ts";
import type { FormFacts, ImageFacts, LayerFacts } from "./inspection.ts";
import type {
  LoaderReason,
  LoaderReasonCode,
  LoaderVerdict,
  VerifyProblem,
  VerifyProblemCode,
} from "./report.ts";

/** A verdict, but for whose it is. */
export type Outcome = Omit<LoaderVerdict, "name">;

/** What no reader of `manifest.json` takes. */
export const BROKEN_DOCKER: VerifyProblemCode[] = [
  "missing",
  "link",
  "size",
  "document",
  "layers",
  "reference",
  "diff-id",
];
/** What cannot be copied out of a layout. */
export const BROKEN_COPY: VerifyProblemCode[] = [
  "missing",
  "link",
  "size",
  "document",
  "digest",
];
/** What cannot be unpacked of a layout. */
export const BROKEN_STORE: VerifyProblemCode[] = [
  ...BROKEN_COPY,
  "layers",
  "diff-id",
];

/** It will not. */
export function refuse(
  code: LoaderReasonCode,
  reason: LoaderReason,
): Outcome {
  return { accepts: false, code, reason };
}

/** It will, but there is something to be known. */
export function yes(
  code?: LoaderReasonCode,
  reason?: LoaderReason,
): Outcome {
  return code === undefined
    ? { accepts: true }
    : { accepts: true, code, reason };
}

/** Why none of the form's images can be taken, or one of them cannot. */
export function findRefusal(
  form: FormFacts,
  document: string,
  codes: VerifyProblemCode[],
): Outcome | undefined {
  const fatal = ({ code }: VerifyProblem) => codes.includes(code);
  const problem = [form, ...form.images]
    .flatMap(({ problems }: FormFacts | ImageFacts) => [...problems])
    .find(fatal);
  if (problem) {
    return refuse("problem", { code: "problem", problem });
  }
  if (!form.present) return refuse("form", { code: "no-document", document });
  return form.images.length
    ? undefined
    : refuse("form", { code: "no-images", document });
}

/** The layers of all images. */
export function allLayers({ images }: FormFacts): LayerFacts[] {
  return images.flatMap(({ layers }) => layers);
}

/** An algorithm other than that which all know. */
export function otherAlgorithm({ images }: FormFacts): string | undefined {
  return images
    .flatMap(({ digest = "", imageId = "", layers }) => [
      digest.split(":")[0],
      imageId.split(":")[0],
      ...layers.map(({ name }) => name.split("/")[1]),
    ])
    .find((algorithm) => algorithm && algorithm !== "sha256");
}

/** The platform of an image that is for none of these. */
export function otherPlatform(
  { images }: FormFacts,
  known: RegExp,
): string | undefined {
  return images.map(({ platform }) => platform)
    .find((platform) => platform !== undefined && !known.test(platform));
}

/** Whether it can be the name of an image. */
export function isName(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}

/** A name that is not written in full. */
export function shortName({ images }: FormFacts): string | undefined {
  // One that is none is a problem of its own.
  return images.flatMap(({ names }) => names).find((name) =>
    isName(name) && formatReference(parseReference(name)) !== name
  );
}
