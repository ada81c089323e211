/** What names no place of images, and what to write in its place. */

import type { PlaceError } from "../../lib/image/errors.ts";
import type { PlaceProblem } from "../../lib/image/problems.ts";
import { EXIT } from "./exit_codes.ts";
import { type Explanation, sentenceOf, type Sentences } from "./explanation.ts";

const quote = JSON.stringify;
/** As many names are shown. */
const MOST_NAMES = 20;

const HOW = "a place is written docker://IMAGE, oci:FOLDER[:NAME], " +
  "oci-archive:FILE[:NAME], docker-archive:FILE[:NAME], or as a path such as " +
  "./FILE.tar";

const REASON: Sentences<PlaceProblem> = {
  "empty": () => "it is empty",
  "no-path": () => "there is no path in it",
  "no-name": () => "there is no name behind the last colon",
  "no-image": () => "it names no image",
  "bad-number": () => 'what follows "@" is no number',
  "file-or-image": () => "it can be a file and an image",
  "number-to-write": () => "what is written has a name, and no number",
  "no-images": () => "there is no image in it",
  "not-a-source": () => "nothing can be read from there",
  "not-a-target": () => "nothing can be written there",
  "no-registry": () => "images are pushed to a registry",
  "foreign": ({ transport }) =>
    `${transport}: is a place that skopeo knows, and is not read here`,
  "bad-name": ({ name }) => `${quote(name)} is no name for an image`,
  "no-such-number": ({ count }) =>
    count === 1 ? "there is 1 image in it" : `there are ${count} images in it`,
  "no-such-image": ({ name, names }) =>
    `there is no ${quote(name)} in it; there ${listed(names)}`,
  "other-digest": ({ digest }) => `the image that goes there is ${digest}`,
  "several-images": ({ names }) =>
    `it takes one image, and there are ${names.length}: ${some(names)}`,
  "same-name": ({ name }) =>
    `two images that differ would be called ${quote(name)} there`,
};

const NEXT: Partial<Sentences<PlaceProblem>> = {
  "no-registry": () =>
    "write HOST/NAME[:TAG] or HOST/PATH/; docker-pull copy writes files",
  "file-or-image": () =>
    "write ./ before a file, and docker:// before an image",
  "number-to-write": () => "write a name, as in oci-archive:FILE:app:1",
  "bad-name": () =>
    "an image is written [HOST[:PORT]/]NAME[:TAG], as in oci:FOLDER:app:1",
  "foreign": () => "skopeo copy brings it into an oci-archive:, which is read",
  "no-such-number": () => "the first is @0",
  "no-such-image": () => "write one of these behind the path and a colon",
  "other-digest": () => "name it by a tag, or by its own digest",
  "several-images": () =>
    "choose one, as in oci-archive:FILE:NAME, or have all of them go below a " +
    "path of a registry: HOST/PATH/",
  "same-name": () => "choose one by its number, as in docker-archive:FILE:@0",
  "no-images": () => "docker-pull verify shows what is in it",
};

function some(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES);
  const rest = names.length - shown.length;
  return shown.join(", ") + (rest > 0 ? `, and ${rest} more` : "");
}

function listed(names: readonly string[]): string {
  return names.length === 0
    ? "is nothing"
    : `${names.length === 1 ? "is" : "are"} ${some(names)}`;
}

/** Puts it in words. */
export function explainPlace({ input, problem }: PlaceError): Explanation {
  const { code } = problem;
  const hint = NEXT[code] &&
    sentenceOf(NEXT as Sentences<PlaceProblem>, problem);
  const absent = ["no-such-image", "no-such-number", "no-images"];
  return {
    sentence: `Cannot use ${quote(input)}: ${sentenceOf(REASON, problem)}`,
    hint: hint || HOW,
    code: absent.includes(code) ? EXIT.notFound : EXIT.usage,
  };
}
