/** Pulls from registries that take one connection at a time. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { RegistryError } from "../../lib/image/errors.ts";
import { pull } from "../../lib/copy/pull.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry, type RecordedRequest } from "../registry_server/mod.ts";
import { checkArchive } from "../soak/check.ts";

const image = await buildImage({
  layers: [{ size: 700_000 }, { size: 600_000, seed: "b" }, {
    size: 500_000,
    seed: "c",
  }],
});
const config = image.config.descriptor.digest;
const isBlob = ({ path }: RecordedRequest) => path.includes("/blobs/");
const isConfig = ({ path }: RecordedRequest) => path.endsWith(config);
const refusal = { status: 429, headers: { "retry-after": "3600" } };

/** A registry that serves one blob at a time, and refuses the others. */
function registryOfOne(counts = isBlob): FakeRegistry {
  const registry = new FakeRegistry();
  registry.add("some/app", image, "1");
  registry.latency = 5;
  registry.bytesPerSecond = 10_000_000;
  const refused = new Set<RecordedRequest>();
  registry.fault = (request) => {
    const busy = registry.requests.some((other) =>
      other !== request && counts(other) && !refused.has(other) &&
      (other.body === "open" || other.status === 0)
    );
    if (!busy || !isBlob(request)) return undefined;
    refused.add(request);
    return refusal;
  };
  return registry;
}

function pullFrom(registry: FakeRegistry, options: PullOptions = {}) {
  return inFolder(async (folder) => {
    const output = join(folder, "image.tar");
    await pull("registry.test/some/app:1", {
      output,
      cacheDir: false,
      fetch: registry.fetch,
      ...options,
    });
    await checkArchive(output, [{ tag: "1", image, size: 0 }]);
    registry.assertNoOpenBodies();
  });
}

for (const concurrency of [1, 3, 8]) {
  test(`pull() with ${concurrency} connections takes turns where the registry serves one at a time`, async () => {
    const registry = registryOfOne();
    await pullFrom(registry, { concurrency });
    const blobs = registry.requests.filter(isBlob);
    assert(blobs.length < 4 + 3 * concurrency + 4, `${blobs.length}`);
  });
}

test("pull() asks again for a configuration that was refused because of the layers, once these are there", async () => {
  const registry = registryOfOne((request) =>
    isBlob(request) && !isConfig(request)
  );
  const { fault } = registry;
  registry.fault = (request, count) => {
    // Its answer comes when layers are being served.
    if (isConfig(request) && count === 1) return { delay: 150, ...refusal };
    return fault!(request, count);
  };
  await pullFrom(registry);
  assertEquals(registry.requests.filter(isConfig).length, 2);
});

test("pull() ends at once where the configuration is refused and no layer comes", async () => {
  const registry = new FakeRegistry();
  registry.add("some/app", image, "1");
  registry.fault = (request) => isBlob(request) ? refusal : undefined;
  for (const concurrency of [1, 3]) {
    await assertRejects(
      () => pullFrom(registry, { concurrency }),
      RegistryError,
    );
  }
});
