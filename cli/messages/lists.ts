/** What lists of images say, and what is wrong with them. */

import { formatReference } from "../../lib/image/reference.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import type {
  InvalidListError,
  LeftOut,
  ListedImage,
  ListFault,
} from "../../lib/lists/lists.ts";
import { EXIT } from "./exit_codes.ts";
import { type Explanation, sentenceOf, type Sentences } from "./explanation.ts";
import { neutralize } from "../progress/text.ts";
import { platformReason, referenceReason } from "./reasons.ts";

const quote = JSON.stringify;

const FAULTS: Sentences<ListFault> = {
  "bad-reference": ({ text, problem }) =>
    text === ""
      ? "a platform without an image"
      : `${quote(text)} is no image: ${referenceReason(problem)}`,
  "bad-platform": ({ text, problem }) =>
    `${quote(text)} is no platform: ${platformReason(problem)}`,
  "several-words": ({ text }) =>
    `${quote(text)} after the image is too much: a line has one image, and ` +
    "its --platform",
  "no-platform": () => "--platform needs a platform",
  "unset-variable": ({ name }) =>
    `the variable ${name} is not set, and has no default`,
  "bad-variable": ({ text }) => `${quote(text)} is no way to name a variable`,
  "not-yaml": ({ words }) => `it is not valid YAML (${words})`,
  "template": () =>
    "it is a template that was not rendered, as by helm template",
  "too-deep": () => "it is nested too deep",
  "utf-16": () => "it is in UTF-16; save it as UTF-8",
  "not-text": () => "it is no text in UTF-8",
  "empty": () => "there is no image in it",
  "too-large": ({ limit }) => `it has more than ${limit} bytes`,
};

const LEFT: Sentences<LeftOut> = {
  "build-only": ({ service }) =>
    `the service ${quote(service)} is built, and has no image of its own`,
  "no-image": ({ service }) => `the service ${quote(service)} has no image`,
  "other-file": ({ service }) =>
    `the service ${quote(service)} extends one of another file, which is not ` +
    "read; name that with --from, too",
  "include": () => "what it includes is not read; name that with --from, too",
  "no-tag": ({ text }) =>
    `${quote(text)} has neither tag nor digest, so it is left out`,
  "variable": ({ text }) =>
    `${quote(text)} is filled in by who runs it, so it is left out`,
  "address": ({ text }) =>
    `${quote(text)} is an address and no reference, so it is left out`,
  "not-images": ({ kind }) =>
    `the manifest of the kind ${quote(kind)} lists no images`,
};

/** What is wrong, each fault with its place in a line. */
export function explainList({ problems }: InvalidListError): Explanation {
  const [only, ...others] = problems.map(({ file, line, ...fault }) =>
    neutralize(
      `${place(file, line)}: ${sentenceOf(FAULTS, fault as ListFault)}`,
    )
  );
  return others.length === 0
    ? {
      sentence: `Cannot use the list ${only}`,
      hint: HINT,
      code: EXIT.usage,
    }
    : {
      sentence: `Cannot use the lists: ${others.length + 1} things are wrong`,
      excerpt: [only!, ...others],
      hint: `nothing was fetched; ${HINT}`,
      code: EXIT.usage,
    };
}

const HINT =
  "a list has one image a line, or is YAML or JSON with images in it";

/** What is left out, for a line of its own. */
export function leftLine(left: LeftOut): string {
  return neutralize(
    `${place(left.file, left.line)}: ${sentenceOf(LEFT, left)}`,
  );
}

/** An image as a line of a list has it. */
export function listedText({ reference, platforms }: ListedImage): string {
  const name = formatReference(reference);
  if (platforms === undefined) return name;
  const words = platforms === "all"
    ? platforms
    : platforms.map(formatPlatform).join();
  return `${name} --platform ${words}`;
}

/** The images as a list that can be read again, with where they are from. */
export function listedLines(images: readonly ListedImage[]): string[] {
  const texts = images.map(listedText);
  const width = Math.min(72, Math.max(...texts.map(({ length }) => length)));
  return images.map(({ where }, i) =>
    where.length === 0
      ? texts[i]!
      : `${texts[i]!.padEnd(width)}  # ${placesText(where)}`
  );
}

/** The first places, and how many more there are. */
export function placesText(where: ListedImage["where"]): string {
  const told = where.slice(0, 3).map(({ file, line }) => place(file, line));
  const more = where.length - told.length;
  return told.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function place(file: string, line?: number): string {
  return line === undefined ? file : `${file}:${line}`;
}
