/** Why a set of images cannot be pulled as it was asked for. */

import type { InvalidSetError } from "../../lib/image/errors.ts";
import type { BadImage, SetProblem } from "../../lib/image/problems.ts";
import { EXIT } from "./exit_codes.ts";
import { type Explanation, sentenceOf, type Sentences } from "./explanation.ts";

const quote = JSON.stringify;

const SENTENCES: Sentences<SetProblem> = {
  "no-images": () => "No image is named",
  "bad-images": ({ images }) =>
    images.length === 1
      ? "One of the images cannot be pulled as it is written"
      : `${images.length} of the images cannot be pulled as they are written`,
  "two-of-a-name": ({ name, digests }) =>
    `${quote(name)} would stand for ${digests.length} images in one place: ` +
    digests.join(" and "),
  "two-at-a-path": ({ path, images }) =>
    `${images.join(" and ")} would both be written to ${quote(path)}`,
};

const HINTS: Partial<Record<SetProblem["code"], string>> = {
  "two-of-a-name": "pull one of them on its own, or each to a file of its own",
  "two-at-a-path": "name one file for all with -o, or pull one on its own",
};

/** Puts in words what is wrong with a set; nothing was fetched for it. */
export function explainSet(
  { problem }: InvalidSetError,
  explain: (error: Error) => string,
): Explanation {
  const line = ({ text, from, error }: BadImage) =>
    `${from === undefined ? "" : `${from}: `}${quote(text)}: ${explain(error)}`;
  return {
    sentence: sentenceOf(SENTENCES, problem),
    excerpt: problem.code === "bad-images"
      ? problem.images.map(line)
      : undefined,
    hint: HINTS[problem.code] ?? "nothing was fetched; correct them and go on",
    code: EXIT.usage,
  };
}
