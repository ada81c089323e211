/** A registry with its mirrors, in memory, and pulls through them. */

import type { MirrorFault, Warning } from "../../../lib/image/events.ts";
import { Buffer } from "node:buffer";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertEquals } from "@std/assert";
import { pull } from "../../../lib/copy/pull.ts";
import type { PullResult } from "../../../lib/copy/pull_result.ts";
import type { PullOptions } from "../../../lib/copy/pull_options.ts";
import { parseReference } from "../../../lib/image/reference.ts";
import type { ImageSource } from "../../../lib/image/image_source.ts";
import {
  type MirrorOptions,
  openRepository,
} from "../../../lib/registry/mirrors/mirrors.ts";
import type { Fetch } from "../../../lib/image/types.ts";
import { buildImage, type BuiltImage } from "../../fixtures/mod.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";
import { type FakeClock, fakeClock } from "../../net/fake_fetch.ts";

/** The image that all of them hold. */
export const IMAGE: BuiltImage = await buildImage({
  layers: [{ size: 40_000 }, { size: 30_000 }],
});
/** Another one, which a registry can hold under the same tag. */
export const OTHER: BuiltImage = await buildImage({ layers: [{ size: 999 }] });

const REFERENCE = "hub.test/library/app:1";

/** Who is not used, why, and who is asked instead. */
function brief(warning: Warning): string {
  switch (warning.code) {
    case "mirror":
      return `${warning.mirror} ${describe(warning.fault)}, ${
        warning.next?.name ?? "nobody"
      }`;
    case "mirror-believed":
      return `${warning.registry} ${describe(warning.fault)}, ` +
        `${warning.mirror} on ${warning.tag}`;
    default:
      return warning.code;
  }
}

function describe(fault: MirrorFault): string {
  if (fault.code === "unreachable") return `${fault.code} ${fault.error.kind}`;
  if (fault.code === "missing") return `${fault.code} ${fault.what}`;
  return fault.code === "status" ? `status ${fault.status}` : fault.code;
}

/** A registry and two mirrors of it. */
export class World {
  /** The registry itself. */
  readonly origin: FakeRegistry = new FakeRegistry({ host: "hub.test" });
  /** The mirrors. */
  readonly mirrors: FakeRegistry[] = [
    new FakeRegistry({ host: "one.test" }),
    new FakeRegistry({ host: "two.test" }),
  ];
  /** The warnings in brief, in order. */
  readonly warnings: string[] = [];
  /** `METHOD host path` of every request, in order. */
  readonly log: string[] = [];
  /** The clock of what {@linkcode open} opens. */
  readonly clock: FakeClock = fakeClock();

  /** All of them hold the image. */
  constructor() {
    for (const registry of this.all) registry.add("library/app", IMAGE, "1");
  }

  /** The mirrors and the registry. */
  get all(): FakeRegistry[] {
    return [...this.mirrors, this.origin];
  }

  /** Sends a request to whichever of them it is for. */
  readonly fetch: Fetch = async (url, init) => {
    const { host, pathname } = new URL(url);
    const short = pathname.replace(/^\/v2\//, "")
      .replace(/sha256:([0-9a-f]{6})[0-9a-f]*/, "$1");
    this.log.push(`${init?.method ?? "GET"} ${host} ${short}`);
    const registry = this.all.find((each) => each.host === host) ?? this.origin;
    return await registry.fetch(url, init);
  };

  /** The options for either way in. */
  get options(): Pick<MirrorOptions, "fetch" | "mirrors" | "onEvent"> {
    return {
      fetch: this.fetch,
      mirrors: [{
        registry: "hub.test",
        urls: this.mirrors.map(({ host }) => `https://${host}`),
      }],
      onEvent: (event) => {
        if (event.type === "warning") this.warnings.push(brief(event.warning));
      },
    };
  }

  /** The repository with its mirrors, by a clock that does not wait. */
  open(options: Partial<MirrorOptions> = {}): ImageSource {
    return openRepository(parseReference(REFERENCE), {
      ...this.options,
      ...this.clock.options,
      ...options,
    });
  }

  /** Pulls the image, and checks that the archive holds its layers. */
  async pull(
    options: Partial<PullOptions> = {},
    reference: string = REFERENCE,
  ): Promise<PullResult> {
    const folder = await mkdtemp(join(tmpdir(), "docker-pull-mirrors-"));
    try {
      const result = await pull(reference, {
        ...this.options,
        output: join(folder, "image.tar"),
        cacheDir: false,
        platform: "linux/amd64",
        concurrency: 1,
        ...options,
      });
      const archive = await readFile(result.path);
      for (const { digest } of IMAGE.layers) {
        assertEquals(
          archive.includes(Buffer.from(IMAGE.blobs.get(digest)!)),
          true,
          digest,
        );
      }
      for (const registry of this.all) registry.assertNoOpenBodies();
      return result;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** How often each host was asked for a blob that it gave. */
  blobsFrom(registry: FakeRegistry): number {
    return registry.requests.filter(({ path, status }) =>
      path.includes("/blobs/") && status >= 200 && status < 300
    ).length;
  }
}

/** As a runtime fails that cannot connect. */
export function refusal(): Error {
  return new TypeError("error sending request", {
    cause: Object.assign(new Error("connection refused"), {
      code: "ECONNREFUSED",
    }),
  });
}
