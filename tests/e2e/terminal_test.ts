/** What is seen of a pull while it goes on. */
import { assert, assertEquals } from "@std/assert";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();

test("a runtime has nothing to say about many connections", async () => {
  const registry = new FakeRegistry();
  const layers = Array.from({ length: 80 }, (_, i) => ({
    size: 20_000,
    seed: `${i}`,
  }));
  const image = await buildImage({ layers, platform: HOST_PLATFORM });
  registry.add("e2e/app", image, "1.0");
  // Slow enough that all of them are under way together.
  registry.bytesPerSecond = 100_000;
  const served = await registry.serve();
  try {
    for (const options of [[], ["--no-cache"], ["--format", "oci"]]) {
      const { stderr } = await pullOk(
        [
          "--max-concurrent-downloads",
          "64",
          ...options,
          `${served.host}/e2e/app:1.0`,
        ],
        workspace.makeFolder(),
      );
      assertEquals(/warning|listener/i.exec(stderr), null, stderr);
    }
    assert(registry.requests.length > 240);
  } finally {
    await served.close();
  }
});

workspace.stopAtEnd();
