/** The mirrors, each by itself. */

import type { Reference } from "../image/reference.ts";
import { judgeFailure } from "../registry/mirrors/failure.ts";
import { mirrorsOf } from "../registry/mirrors/url.ts";
import { type MirrorOptions, openMirror } from "../registry/mirrors/mirrors.ts";
import type { Findings } from "./report.ts";

/**
 * Asks each mirror for the image.
 *
 * @param reference The image.
 * @param digest What its tag stands for, if that is known.
 * @param options How to ask.
 * @param findings Where findings go.
 * @param signal Ends it.
 */
export async function examineMirrors(
  reference: Reference,
  digest: string | undefined,
  options: MirrorOptions & Required<Pick<MirrorOptions, "mirrors">>,
  findings: Findings,
  signal?: AbortSignal,
): Promise<void> {
  await findings.attempt("mirror", async () => {
    for (const address of mirrorsOf(reference.registry, options.mirrors)) {
      const { name } = address;
      const mirror = openMirror(address, reference, { ...options, retries: 0 });
      const tagOrDigest = digest ?? reference.digest ?? reference.tag!;
      const start = performance.now();
      try {
        await mirror.resolve(tagOrDigest, { signal });
        const time = Math.round(performance.now() - start);
        findings.ok("mirror", {
          code: "mirror-holds",
          details: { name, holds: true, time },
        });
      } catch (error) {
        signal?.throwIfAborted();
        const failure = judgeFailure(error);
        if (!failure) throw error;
        const { fault, missing } = failure;
        findings.warning("mirror", { code: "mirror", mirror: name, fault }, {
          name,
          holds: missing ? false : null,
          fault: fault.code,
        });
      }
    }
  }, signal);
}
