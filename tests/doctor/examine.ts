/** Examinations of an image in a registry in memory. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import {
  diagnose,
  type DiagnoseOptions,
  type Diagnosis,
} from "../../lib/doctor/doctor.ts";
import type { ByCode } from "../../cli/messages/explanation.ts";
import type { Finding, Step } from "../../lib/doctor/report.ts";
import { buildImage, type BuiltImage } from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

/** The image that is examined. */
export const IMAGE: BuiltImage = await buildImage({
  layers: [{ size: 40_000 }, {}],
});

/** The reference by which it is. */
export const REFERENCE = "127.0.0.1:5000/team/app:1";

/** A registry at an address, so that no name is looked up. */
export function registryWithImage(): FakeRegistry {
  const registry = new FakeRegistry({ host: "127.0.0.1:5000" });
  registry.add("team/app", IMAGE, "1");
  return registry;
}

/** Examines it, writing nowhere but below a folder of its own. */
export async function examine(
  registry: FakeRegistry,
  options: Partial<DiagnoseOptions> = {},
  reference: string = REFERENCE,
): Promise<Diagnosis> {
  const folder = await mkdtemp(join(tmpdir(), "docker-pull-doctor-"));
  try {
    const diagnosis = await diagnose(reference, {
      fetch: registry.fetch,
      plainHttp: true,
      platform: "linux/amd64",
      cacheDir: join(folder, "cache"),
      outputDir: folder,
      ...options,
    });
    registry.assertNoOpenBodies();
    return diagnosis;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first finding of a step. */
export function find({ report }: Diagnosis, step: Step): Finding {
  const found = report.findings.find((finding) => finding.step === step);
  assert(found, `no finding of ${step}`);
  return found;
}

/** The same finding, which has to have that code. */
export function coded<Code extends Finding["code"]>(
  finding: Finding,
  code: Code,
): ByCode<Finding, Code> {
  assertEquals(finding.code, code, JSON.stringify(finding));
  return finding as ByCode<Finding, Code>;
}

/** `status step` of all findings but those that are well. */
export function troubles({ report }: Diagnosis): string[] {
  return report.findings.filter(({ status }) => status !== "ok")
    .map(({ status, step }) => `${status} ${step}`);
}
