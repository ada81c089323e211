import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { dockerPull } from "../fixtures/command.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { until } from "./servers/daemon.ts";
import { filesIn, HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const image = await buildImage({
  layers: [{ size: 2000 }, { size: 8_000_000 }, { size: 8_000_000, seed: "b" }],
  platform: HOST_PLATFORM,
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`${signal} stops a pull at once and leaves no half file`, async () => {
    const registry = new FakeRegistry();
    registry.add("e2e/app", image, "1.0");
    registry.bytesPerSecond = 200_000;
    const served = await registry.serve();
    const cwd = workspace.makeFolder();
    const args = ["-o", "image.tar", `${served.host}/e2e/app:1.0`];
    try {
      const result = await dockerPull(args, {
        cwd,
        onStart: (child) => {
          const begun = () =>
            registry.requests.some(({ sent }) => sent > 150_000);
          void until(begun, 60_000).then(() => child.kill(signal));
        },
      });
      assertEquals(result.code, code, result.stderr);
      // The bodies had minutes to go: they were not waited for.
      const sent = registry.requests.reduce((sum, { sent }) => sum + sent, 0);
      assert(sent < 8_000_000, `${sent} bytes were sent`);
      assert(!existsSync(join(cwd, "image.tar")));
      assertBlobsAreWhole(join(cwd, "docker_images_cache/blobs/sha256"));

      registry.bytesPerSecond = Infinity;
      await pullOk(args, cwd);
      assertEquals(filesIn(cwd), ["image.tar"]);
    } finally {
      await served.close();
    }
  });
}

/** Whatever has a final name in the cache is what its name says. */
function assertBlobsAreWhole(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names.filter((n) => /^[0-9a-f]{64}$/.test(n))) {
    const bytes = readFileSync(join(folder, name));
    assertEquals(createHash("sha256").update(bytes).digest("hex"), name);
  }
}

workspace.stopAtEnd();
