/** What a pull would fetch and write, for people and as JSON. */

import { format as formatBytes } from "@std/fmt/bytes";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { ListedImage } from "../../lib/lists/lists.ts";
import type { PlannedPull, PullPlan } from "../../lib/look/plan.ts";
import type { HostRequests } from "../../lib/look/request_count.ts";
import type { Style } from "../progress/style.ts";
import { formatWholeTime, neutralize } from "../progress/text.ts";
import { listedText, placesText } from "./lists.ts";

/** How a plan is told. */
export interface PlanStyle {
  /** The colours. */
  style: Style;
  /** The images as a list has them. */
  texts: readonly string[];
  /** Whether anything is written at all. */
  writes: boolean;
}

/**
 * What is printed of a plan: a list that can be read again, with what each
 * takes as a comment, and what all take together below.
 */
export function planLines(
  plan: PullPlan,
  listed: readonly ListedImage[],
  { style, writes, texts }: PlanStyle,
): string[] {
  const width = Math.min(72, Math.max(...texts.map(({ length }) => length)));
  const several = plan.images.length > 1 || plan.failures.length > 0;
  const comment = (text: string) => style.faint(neutralize(`# ${text}`));
  return [
    ...listed.flatMap((image, i) => {
      const own = plan.images.filter((each) => isOf(each, image));
      const places = image.where.length > 0 ? placesText(image.where) : "";
      const [first, ...others] = own;
      const told = first === undefined
        ? ["cannot be had", places]
        : others.length > 0
        ? [places, `${own.length} platforms`]
        : [places, imageText(first, writes)];
      const text = told.filter(Boolean).join("; ");
      const line = `${neutralize(texts[i]!.padEnd(width))}  ${comment(text)}`;
      return others.length === 0 ? [line] : [
        line,
        ...own.map((each) =>
          comment(
            `  ${formatPlatform(each.platform!)}: ${imageText(each, writes)}`,
          )
        ),
      ];
    }),
    ...(several ? [comment(`In all: ${totalText(plan, writes)}`)] : []),
    ...(writes ? plan.disk.map((need) => comment(diskText(need))) : []),
    ...(writes ? [comment(targetText(plan))] : []),
    ...plan.requests.map((host) => comment(requestText(host))),
    ...(plan.blobs > 0
      ? [comment(`Requests for layers: at least ${plan.blobs}`)]
      : []),
  ];
}

function isOf(
  { reference, from }: PlannedPull,
  { reference: listed, where }: ListedImage,
): boolean {
  return formatReference(reference) === formatReference(listed) &&
    (from === undefined || from === placesText(where));
}

function imageText(
  { layers, size, leftOut, download, cached, path, upToDate }: PlannedPull,
  writes: boolean,
): string {
  const parts = [
    `${layers} ${layers === 1 ? "layer" : "layers"}, ${formatBytes(size)}`,
    upToDate
      ? "there already"
      : download === 0
      ? "nothing to fetch"
      : `${formatBytes(download)} to fetch`,
    ...(leftOut > 0 ? [`${formatBytes(leftOut)} left out`] : []),
    ...(cached > 0 && !upToDate ? [`${formatBytes(cached)} in the cache`] : []),
  ].join(", ");
  return writes && path !== "-" ? `${parts}, to ${path}` : parts;
}

function totalText(
  { download, size, leftOut, written, blobs }: PullPlan,
  writes: boolean,
): string {
  return [
    `${formatBytes(size)} of layers, each once`,
    download === 0
      ? "nothing to fetch"
      : `${formatBytes(download)} to fetch in ${blobs} ${
        blobs === 1 ? "layer" : "layers"
      }`,
    ...(leftOut > 0 ? [`${formatBytes(leftOut)} left out`] : []),
    ...(writes ? [`${formatBytes(written)} to write`] : []),
  ].join(", ");
}

function diskText({ folders, needed, free }: PullPlan["disk"][number]): string {
  const room = free === undefined ? "" : `; ${formatBytes(free)} are free`;
  const short = free !== undefined && free < needed
    ? ", which is too little"
    : "";
  return `Disk here: ${formatBytes(needed)} in ${
    folders.join(" and ")
  }${room}${short}`;
}

/** What has to fit where the images are to be loaded. */
function targetText({ size, leftOut }: PullPlan): string {
  const needed = formatBytes(size - leftOut);
  return `Disk where they are loaded: more than ${needed}, as ` +
    "layers are unpacked there";
}

function requestText({ host, requests, pulls, limit }: HostRequests): string {
  const count = `Requests to ${host}: ${requests}, of which ${pulls} may ` +
    `${pulls === 1 ? "count as a pull" : "count as pulls"}`;
  if (!limit) return count;
  const { remaining, total, window } = limit;
  const left = `${remaining}${total === undefined ? "" : ` of ${total}`}`;
  const time = window === undefined
    ? ""
    : ` in ${formatWholeTime(window * 1000)}`;
  const short = remaining < pulls ? ", which is too few" : "";
  return `${count}; ${left} pulls${time} are left${short}`;
}

/** A plan as JSON has it; sizes in bytes. */
export function planDocument(
  plan: PullPlan,
  listed: readonly ListedImage[],
  failures: readonly unknown[],
): object {
  const { size, leftOut, download, written, disk, blobs, requests } = plan;
  return {
    images: plan.images.map((each) => ({
      image: formatReference(each.reference),
      platform: each.platform && formatPlatform(each.platform),
      from: each.from,
      digest: each.named.digest,
      manifests: each.manifests.map(({ digest }) => digest),
      layers: each.layers,
      size: each.size,
      leftOut: each.leftOut,
      cached: each.cached,
      download: each.download,
      path: each.path,
      upToDate: each.upToDate,
    })),
    listed: listed.map((image) => ({
      image: listedText(image),
      from: image.where,
    })),
    failures,
    size,
    leftOut,
    download,
    written,
    disk,
    blobs,
    requests,
  };
}
