/** What was found where an image was looked at, for people. */

import { format as formatBytes } from "@std/fmt/bytes";
import { isDigest } from "../../lib/image/digest.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { Document } from "../../lib/image/types.ts";
import type {
  InspectedImage,
  InspectedReference,
} from "../../lib/look/report.ts";
import type { ImageSettings } from "../../lib/look/settings.ts";
import { leftOutText } from "./deltas.ts";
import { neutralize, truncate, width } from "../progress/text.ts";
import { artifactName } from "./artifacts.ts";
import { layerLines, type Page, short, stepLines } from "./inspected_layers.ts";
import type { Style } from "../progress/style.ts";

const BAR = 12;
/** With fewer columns, there is no room for bars beside what they are of. */
const NARROW = 60;
const TITLE = 12;

/** What is printed of all that was found, each line cut to the columns. */
export function inspectedLines(
  found: readonly InspectedReference[],
  style: Style,
  columns = Infinity,
): string[] {
  const page: Page = {
    style,
    cut: (line) => columns === Infinity ? line : truncate(line, columns),
    columns,
    bar: columns < NARROW ? 0 : BAR,
  };
  return found.flatMap((each, i) => [
    ...(i > 0 ? [""] : []),
    ...referenceLines(each, page),
  ]);
}

function referenceLines(
  { name, reference, delta, top, entries, images }: InspectedReference,
  page: Page,
): string[] {
  const { style, cut } = page;
  const { digest } = top.descriptor;
  return [
    style.strong(
      cut(neutralize(reference ? formatReference(reference) : name)),
    ),
    ...row("Digest:", digest, page),
    ...row("Type:", typeText(top), page),
    ...(delta ? row("Delta:", `without ${leftOutText(delta)}`, page) : []),
    ...(entries ? entryLines(entries, images, page) : []),
    ...(images.length === 0
      ? [
        "",
        cut("None is for this machine; --platform names one to look at"),
      ]
      : []),
    ...images.flatMap((image) => ["", ...imageLines(image, page)]),
  ];
}

function typeText({ descriptor: { mediaType }, bytes }: Document): string {
  return `${mediaType}, ${formatBytes(bytes.length)}`;
}

/** A table of what an index lists; what is looked at here is marked. */
function entryLines(
  entries: NonNullable<InspectedReference["entries"]>,
  images: readonly InspectedImage[],
  { style, cut }: Page,
): string[] {
  const shown = new Map(
    images.map((image) => [image.manifest.descriptor.digest, image]),
  );
  const rows = entries.map(({ descriptor, platform, attests, isThere }) => {
    const { digest, artifactType } = descriptor;
    const image = shown.get(digest);
    return {
      mark: image ? "*" : " ",
      platform: platform
        ? neutralize(formatPlatform(platform))
        : attests
        ? "attestation"
        : neutralize(artifactType ?? "unknown"),
      digest,
      size: isThere ? image ? formatBytes(image.size) : "" : "not here",
      note: attests ? `of ${short(attests)}` : "",
    };
  });
  const size = Math.max(8, ...rows.map(({ platform }) => width(platform)));
  // Where there is little room, the digest is the first to be cut.
  const lines = [
    { mark: " ", platform: "PLATFORM", digest: "DIGEST", size: "SIZE" },
    ...rows,
  ].map((each) => {
    const { mark, platform } = each;
    const note = "note" in each && each.note ? `  ${each.note}` : "";
    const pad = " ".repeat(size - width(platform));
    return neutralize(
      `${mark} ${
        each.size.padStart(9)
      }  ${platform}${pad}  ${each.digest}${note}`,
    );
  });
  const [head, ...others] = lines.map((line) => cut(line));
  return ["", style.faint(head!), ...others];
}

function imageLines(
  image: InspectedImage,
  page: Page,
): string[] {
  const { platform, artifact, artifactType, manifest, imageId } = image;
  const rows: [string, string | undefined][] = [
    ["Platform:", platform && formatPlatform(platform)],
    ["Kind:", artifact && artifactName(artifact)],
    ["Kind's type:", artifact && artifactType],
    ["Manifest:", manifest.descriptor.digest],
    ["Image ID:", imageId],
    ["Created:", image.created],
    ["Author:", image.author],
    ["Size:", sizeText(image)],
    ...settingRows(image.settings),
  ];
  return [
    ...rows.filter(([, text]) => text !== undefined)
      .flatMap(([title, text]) => row(title, text!, page)),
    ...layerLines(image, page),
    ...stepLines(image, page),
  ];
}

function sizeText({ size, unpacked, layers }: InspectedImage): string {
  const count = `${layers.length} ${layers.length === 1 ? "layer" : "layers"}`;
  return [
    `${formatBytes(size)} as served`,
    ...(unpacked === undefined ? [] : [`${formatBytes(unpacked)} unpacked`]),
    count,
  ].join(", ");
}

function settingRows(
  settings: ImageSettings = {},
): [string, string | undefined][] {
  const { user, workingDir, entrypoint, cmd, env, labels } = settings;
  const list = (values?: string[]) => values && JSON.stringify(values);
  return [
    ["User:", user],
    ["Folder:", workingDir],
    ["Entrypoint:", list(entrypoint)],
    ["Command:", list(cmd)],
    ["Ports:", settings.exposedPorts?.join(", ")],
    ["Volumes:", settings.volumes?.join(", ")],
    ["Stop signal:", settings.stopSignal],
    ...titled("Environment:", env ?? []),
    ...titled(
      "Labels:",
      Object.entries(labels ?? {}).map(([key, text]) => `${key}=${text}`),
    ),
  ];
}

function titled(title: string, values: readonly string[]): [string, string][] {
  return values.map((text, i) => [i === 0 ? title : "", text]);
}

/** One line; a digest that does not fit beside its title stands below. */
function row(
  title: string,
  text: string,
  { style, cut, columns }: Page,
): string[] {
  const clean = neutralize(text);
  const line = `${title.padEnd(TITLE)} ${clean}`;
  const below = isDigest(clean) && line.length > columns &&
    clean.length <= columns;
  if (below) return [style.faint(title), clean];
  const fits = cut(line);
  return [style.faint(fits.slice(0, TITLE)) + fits.slice(TITLE)];
}
