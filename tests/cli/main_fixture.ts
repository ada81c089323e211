/** Runs the command in this process, with a pull that does as the test says. */

import type { Io, Services } from "../../cli/io.ts";
import { main } from "../../cli/main.ts";
import type { PullResult } from "../../lib/copy/pull_result.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import { parseReference, type Reference } from "../../lib/image/reference.ts";
import { Sink } from "./progress/screen.ts";

/** A home without files, so that nobody's own logins play a part. */
export const NOWHERE = "/nonexistent/home";
export const DIGEST = `sha256:${"ab".repeat(32)}`;
export const descriptor = { mediaType: "x/y", digest: DIGEST, size: 10 };
export const platform = { os: "linux", architecture: "amd64" };

export function result(path = "library_nginx_latest.tar"): PullResult {
  return {
    reference: parseReference("nginx"),
    digest: DIGEST,
    manifest: descriptor,
    imageId: DIGEST,
    platform,
    path,
    size: 1000,
    upToDate: false,
    layers: 1,
    cachedLayers: 0,
    downloaded: 10,
    saved: 0,
    resumed: 0,
    elapsed: 1000,
    downloadTime: 800,
  } as PullResult;
}

export interface Called {
  reference: Reference;
  options: PullOptions;
}

/** Runs the command without a process; `pull` does what the test says. */
export async function run(
  argv: string[],
  pull: (called: Called) => PullResult | Promise<PullResult> = () => result(),
  io: Partial<Io> = {},
  more: Services = {},
) {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const calls: Called[] = [];
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  const services: Services = {
    ...more,
    pull: async (reference, options = {}) => {
      const called = { reference: reference as Reference, options };
      calls.push(called);
      return await pull(called);
    },
  };
  const code = await main({
    argv,
    env: { HOME: NOWHERE },
    stdin: { async *[Symbol.asyncIterator]() {} },
    stdout,
    stderr,
    signals: {
      on: (name, listener) => void listeners.set(name, listener),
      off: (name) => void listeners.delete(name),
      raise: () => {},
      exit: (code) => void exits.push(code),
    },
    os: "linux",
    ...io,
    ...(io.env && { env: { HOME: NOWHERE, ...io.env } }),
  }, services);
  return {
    code,
    stdout: stdout.text,
    stderr: stderr.text,
    calls,
    listeners,
    exits,
  };
}
