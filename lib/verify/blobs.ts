/** Holds files against what they are said to be. */

import { blobName } from "../archive/plan.ts";
import { digestOfName } from "../archive/reader/digest_of_name.ts";
import { type Fields, parseObject } from "../image/document_fields.ts";
import { CONFIG_SHAPE } from "../image/document_shapes.ts";
import { OCI_LAYER_GZIP } from "../image/media_types.ts";
import { formatPlatform } from "../image/platform.ts";
import { parseConfig } from "../image/manifest.ts";
import type { Descriptor, Manifest } from "../image/types.ts";
import type { ImageFacts, Inspection, LayerFacts } from "./inspection.ts";
import type { VerifyFault, VerifyProblem } from "./report.ts";

/**
 * Checks a file's bytes against its name.
 *
 * @param to Where problems go, beside the whole list.
 * @param diffAlgorithm By which its expanded bytes are to be known.
 */
export async function checkFile(
  inspection: Inspection,
  name: string,
  to: VerifyProblem[],
  diffAlgorithm?: string,
) {
  const found = inspection.find(name);
  if (!found) {
    inspection.report(to, inspection.absence(name));
    return undefined;
  }
  const { entry, linked } = found;
  const wanted = digestOfName(entry.name);
  const measured = await inspection.measure(
    entry,
    wanted?.split(":")[0] ?? "sha256",
    diffAlgorithm,
  );
  const subject = entry.name;
  if (measured.size !== entry.size) {
    const { size: bytes } = measured;
    const fault = { code: "incomplete", bytes, size: entry.size } as const;
    inspection.report(to, { code: "size", subject, fault });
  } else if (wanted !== undefined && measured.digest !== wanted) {
    const fault = { code: "other-digest", digest: measured.digest } as const;
    inspection.report(to, { code: "digest", subject, fault });
  }
  return { ...measured, entry, linked };
}

/**
 * Checks the blob of a descriptor.
 *
 * @returns What was measured, and whether it is as described.
 */
export async function checkBlob(
  inspection: Inspection,
  descriptor: Descriptor,
  to: VerifyProblem[],
  diffAlgorithm?: string,
) {
  const name = blobName(descriptor.digest);
  const known = to.length;
  const file = await checkFile(inspection, name, to, diffAlgorithm);
  if (!file) return undefined;
  if (file.size !== descriptor.size && file.size === file.entry.size) {
    inspection.report(to, {
      code: "size",
      subject: name,
      fault: {
        code: "other-size",
        bytes: file.size,
        size: descriptor.size,
      },
    });
  }
  return { ...file, ok: to.length === known };
}

/** Checks a layer's expanded bytes against the configuration. */
export function checkDiffId(
  inspection: Inspection,
  file: Awaited<ReturnType<typeof checkFile>>,
  { name, diffId }: LayerFacts,
  to: VerifyProblem[],
): void {
  if (!file || diffId === undefined) return;
  const { expanded, failure, unchecked, compression } = file;
  const wrong = (fault: VerifyFault) =>
    inspection.report(to, { code: "diff-id", subject: name, fault });
  if (unchecked) {
    inspection.note({ code: "unchecked", name, compression });
  } else if (failure !== undefined) {
    wrong({ code: "not-expandable", words: failure });
  } else if (expanded !== undefined && expanded !== diffId) {
    wrong({ code: "other-diff-id", digest: expanded, diffId });
  }
}

/**
 * Whether a layer is not there, as the target of a delta has it. What is said
 * of it must be what the configuration says.
 */
export function checkLeftOut(
  inspection: Inspection,
  layer: LayerFacts,
  digest: string | undefined,
  to: VerifyProblem[],
): boolean {
  const { name, diffId } = layer;
  const known = inspection.leftOut(digest);
  if (!known || inspection.find(name)) return false;
  layer.leftOut = true;
  if (diffId !== undefined && known.diffId !== diffId) {
    const { diffId: digest } = known;
    const fault = { code: "other-diff-id", digest, diffId } as const;
    inspection.report(to, { code: "diff-id", subject: name, fault });
  }
  return true;
}

/**
 * Reads a configuration, and adds what it says to what is known of its image.
 *
 * @returns The layers' digests when expanded.
 * @throws {InvalidDocumentError} If it is malformed.
 */
export function readConfig(
  inspection: Inspection,
  bytes: Uint8Array<ArrayBuffer>,
  facts: ImageFacts,
  layers: number,
): string[] {
  const digest = facts.imageId!;
  const { rootfs } = parseObject(
    bytes,
    CONFIG_SHAPE,
    `configuration ${digest}`,
  );
  const ids = (rootfs as Fields | null | undefined)?.diff_ids ?? [];
  const count = Array.isArray(ids) ? ids.length : layers;
  const descriptor = { mediaType: OCI_LAYER_GZIP, digest, size: bytes.length };
  const manifest: Manifest = {
    schemaVersion: 2,
    config: descriptor,
    layers: Array.from({ length: count }, () => descriptor),
  };
  const config = parseConfig({ descriptor, bytes }, manifest);
  facts.platform = formatPlatform(config);
  if (count !== layers) {
    inspection.report(facts.problems, {
      code: "layers",
      subject: digest,
      fault: { code: "layer-count", config: count, manifest: layers },
    });
  }
  return config.rootfs.diff_ids;
}
