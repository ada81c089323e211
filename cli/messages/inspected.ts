/** What was found where an image was looked at, for people and as JSON. */

import { format as formatBytes } from "@std/fmt/bytes";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { Document } from "../../lib/image/types.ts";
import type {
  InspectedImage,
  InspectedLayer,
  InspectedReference,
} from "../../lib/look/report.ts";
import type { ImageSettings } from "../../lib/look/settings.ts";
import { neutralize, truncate } from "../progress/text.ts";
import { artifactName } from "./artifacts.ts";
import type { Style } from "../progress/style.ts";

const BAR = 12;
const TITLE = 12;

/** What is printed of all that was found, each line cut to the columns. */
export function inspectedLines(
  found: readonly InspectedReference[],
  style: Style,
  columns?: number,
): string[] {
  const cut = (line: string) =>
    columns === undefined ? line : truncate(line, columns);
  return found.flatMap((each, i) => [
    ...(i > 0 ? [""] : []),
    ...referenceLines(each, style, cut),
  ]);
}

type Cut = (line: string) => string;

function referenceLines(
  { name, reference, top, entries, images }: InspectedReference,
  style: Style,
  cut: Cut,
): string[] {
  const { digest } = top.descriptor;
  return [
    style.strong(
      cut(neutralize(reference ? formatReference(reference) : name)),
    ),
    row("Digest:", digest, style, cut),
    row("Type:", typeText(top), style, cut),
    ...(entries ? entryLines(entries, images, style, cut) : []),
    ...images.flatMap((image) => ["", ...imageLines(image, style, cut)]),
  ];
}

function typeText({ descriptor: { mediaType }, bytes }: Document): string {
  return `${mediaType}, ${formatBytes(bytes.length)}`;
}

/** A table of what an index lists; what is looked at here is marked. */
function entryLines(
  entries: NonNullable<InspectedReference["entries"]>,
  images: readonly InspectedImage[],
  style: Style,
  cut: Cut,
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
        ? formatPlatform(platform)
        : attests
        ? "attestation"
        : artifactType ?? "unknown",
      digest,
      size: image ? formatBytes(image.size) : "",
      note: attests ? `of ${short(attests)}` : isThere ? "" : "not here",
    };
  });
  const size = Math.max(8, ...rows.map(({ platform }) => platform.length));
  const digest = Math.max(...rows.map(({ digest }) => digest.length));
  const lines = [
    { mark: " ", platform: "PLATFORM", digest: "DIGEST", size: "SIZE" },
    ...rows,
  ].map((each) => {
    const { mark, platform } = each;
    const note = "note" in each ? each.note : "";
    return neutralize(
      `${mark} ${platform.padEnd(size)}  ${each.digest.padEnd(digest)}  ${
        each.size.padStart(9)
      } ${note}`.trimEnd(),
    );
  });
  const [head, ...others] = lines.map((line) => cut(line));
  return ["", style.faint(head!), ...others];
}

function imageLines(
  image: InspectedImage,
  style: Style,
  cut: Cut,
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
      .map(([title, text]) => row(title, text!, style, cut)),
    ...layerLines(image, style, cut),
    ...stepLines(image, style, cut),
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

/** Each layer with a bar by its size, beside the step that has made it. */
function layerLines(
  { layers }: InspectedImage,
  style: Style,
  cut: Cut,
): string[] {
  if (layers.length === 0) return [];
  const largest = Math.max(...layers.map(({ descriptor: { size } }) => size));
  const unpacked = layers.some(({ unpacked }) => unpacked !== undefined);
  const digits = String(layers.length).length;
  const head = [
    "#".padStart(digits),
    "LAYER".padEnd(BAR),
    " ".repeat(BAR),
    "SIZE".padStart(9),
    ...(unpacked ? ["UNPACKED".padStart(9)] : []),
    "MADE BY",
  ].join("  ");
  return [
    "",
    style.faint(cut(head)),
    ...layers.map((layer, i) => {
      const { descriptor } = layer;
      const bar = barOf(descriptor.size, largest);
      const line = cut(
        [
          String(i + 1).padStart(digits),
          short(descriptor.digest).padEnd(BAR),
          bar.padEnd(BAR),
          formatBytes(descriptor.size).padStart(9),
          ...(unpacked
            ? [
              (layer.unpacked === undefined ? "" : formatBytes(layer.unpacked))
                .padStart(9),
            ]
            : []),
          madeBy(layer),
        ].join("  ").trimEnd(),
      );
      return bar ? line.replace(bar, style.good(bar)) : line;
    }),
  ];
}

/** The history alone, where it does not fit the layers. */
function stepLines(
  { layers, history }: InspectedImage,
  style: Style,
  cut: Cut,
): string[] {
  const empty = history?.filter(({ emptyLayer }) => emptyLayer) ?? [];
  const fits = layers.some(({ step }) => step !== undefined);
  const told = fits ? empty : history ?? [];
  if (told.length === 0) return [];
  const title = fits ? "STEPS WITHOUT A LAYER" : "HISTORY";
  return [
    "",
    style.faint(title),
    ...told.map(({ createdBy = "", comment }) =>
      cut(`  ${stepText(createdBy) || neutralize(comment ?? "")}`)
    ),
  ];
}

function madeBy({ descriptor, step }: InspectedLayer): string {
  if (step) {
    return stepText(step.createdBy ?? "") || neutralize(step.comment ?? "");
  }
  const title = descriptor.annotations?.["org.opencontainers.image.title"];
  return neutralize(typeof title === "string" ? title : descriptor.mediaType);
}

/** A step as it stood in the file that the image was built from. */
function stepText(createdBy: string): string {
  return neutralize(
    createdBy.replace(/^\/bin\/sh -c #\(nop\)\s+/, "")
      .replace(/^(?:RUN )?\/bin\/sh -c /, "RUN ")
      .replace(/\s*# buildkit$/, "").replace(/\s+/g, " ").trim(),
  );
}

/** Something, however little, is never shown as nothing. */
function barOf(size: number, largest: number): string {
  if (size <= 0 || largest <= 0) return "";
  return "█".repeat(Math.max(1, Math.round(size / largest * BAR)));
}

function row(title: string, text: string, style: Style, cut: Cut): string {
  const line = cut(`${title.padEnd(TITLE)} ${neutralize(text)}`);
  return style.faint(line.slice(0, TITLE)) + line.slice(TITLE);
}

function short(digest: string): string {
  return neutralize(digest.slice(digest.indexOf(":") + 1).slice(0, 12));
}

/** All that was found, as JSON has it: sizes in bytes. */
export function inspectedDocument(
  found: readonly InspectedReference[],
): unknown {
  return {
    version: 1,
    images: found.map(({ name, reference, top, entries, images }) => ({
      name: reference ? formatReference(reference) : name,
      digest: top.descriptor.digest,
      mediaType: top.descriptor.mediaType,
      size: top.bytes.length,
      entries: entries?.map(({ descriptor, platform, attests, isThere }) => ({
        digest: descriptor.digest,
        mediaType: descriptor.mediaType,
        size: descriptor.size,
        platform: platform && formatPlatform(platform),
        attests,
        isThere,
      })),
      platforms: images.map(imageDocument),
    })),
  };
}

function imageDocument(image: InspectedImage): unknown {
  const { manifest, layers, platform, settings, ...rest } = image;
  const { imageId, created, author, artifact, artifactType } = rest;
  return {
    platform: platform && formatPlatform(platform),
    digest: manifest.descriptor.digest,
    mediaType: manifest.descriptor.mediaType,
    imageId,
    artifact,
    artifactType,
    created,
    author,
    size: rest.size,
    unpacked: rest.unpacked,
    config: settings,
    layers: layers.map(({ descriptor, diffId, unpacked, step }) => ({
      digest: descriptor.digest,
      mediaType: descriptor.mediaType,
      size: descriptor.size,
      diffId,
      unpacked,
      createdBy: step?.createdBy,
    })),
    history: rest.history,
  };
}
