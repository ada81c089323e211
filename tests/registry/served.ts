/** A repository with one manifest, of which a test says how it is served. */

import { digestBytes } from "../../lib/image/digest.ts";
import type { Warning } from "../../lib/image/events.ts";
import { OCI_MANIFEST } from "../../lib/image/media_types.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { Repository } from "../../lib/registry/repository.ts";
import {
  type Answer,
  fakeClock,
  fakeFetch,
  type Sent,
} from "../net/fake_fetch.ts";

export const ZERO = `sha256:${"0".repeat(64)}`;
export const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: "application/vnd.oci.image.config.v1+json" },
  layers: [],
});
const encoder = new TextEncoder();
export const DIGEST = await digestBytes(encoder.encode(MANIFEST));
export const DESCRIPTOR = {
  mediaType: OCI_MANIFEST,
  digest: DIGEST,
  size: MANIFEST.length,
};

/** A repository whose registry answers so. */
export function open(
  answer: (sent: Sent, count: number) => Answer,
  reference = "r.test/a/b",
) {
  const web = fakeFetch(answer);
  const warnings: Warning[] = [];
  const clock = fakeClock();
  const repository = new Repository(parseReference(reference), {
    ...clock.options,
    fetch: web.fetch,
    onEvent: (event) => {
      if (event.type === "warning") warnings.push(event.warning);
    },
  });
  return { repository, warnings, slept: clock.slept, ...web };
}

/** The manifest, as an answer. */
export function served(
  headers: Record<string, string> = {},
  body = MANIFEST,
): Answer {
  return [200, { "content-type": OCI_MANIFEST, ...headers }, body];
}
