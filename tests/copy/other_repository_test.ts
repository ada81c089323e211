import { assertEquals, assertRejects } from "@std/assert";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld } from "./world.ts";

const image = await buildImage({ layers: 2 });
const { digest } = image.manifest.descriptor;

function warnings(events: PullEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "warning" ? [event.warning.code] : []
  );
}

test("pull() asks whether a repository has the digest that the cache has of another", () =>
  inPullWorld(async ({ registry, folder, pull, asked }) => {
    registry.add("a", image, "1");
    await pull("a:1");
    asked();
    for (const name of ["b", "a"]) registry.add(name, await buildImage({}));
    const error = await assertRejects(
      () => pull(`b@${digest}`),
      RegistryError,
    );
    assertEquals(error.status, 404);
    assertEquals(asked()[0], `HEAD /v2/b/manifests/${digest}`);
    // Once it has it, everything else is there.
    registry.add("b", image);
    await pull(`b@${digest}`);
    assertEquals(asked(), [`HEAD /v2/b/manifests/${digest}`]);
    await rm(join(folder, "image.tar"));
    await pull(`b@${digest}`);
    assertEquals(asked(), []);
  }));

test("pull() asks whether a login may have what the cache has of another repository", () =>
  inPullWorld(async ({ registry, pull }) => {
    registry.add("a", image, "1");
    registry.add("b", image);
    await pull("a:1");
    registry.fault = ({ path }) => path.includes("/b/") ? { status: 403 } : {};
    const error = await assertRejects(
      () => pull(`b@${digest}`),
      RegistryError,
    );
    assertEquals(error.status, 403);
  }));

test("pull() takes a digest from the cache where no registry answers, and says so", () =>
  inPullWorld(async ({ registry, folder, pull, events, asked }) => {
    registry.add("a", image, "1");
    await pull("a:1");
    registry.host = "elsewhere.test";
    for (let i = 0; i < 2; i++) {
      // What nobody has confirmed is not known the next time either.
      await pull(`b@${digest}`, { force: true });
      assertEquals(warnings(events), ["registry-not-asked"]);
      await assertHolds(join(folder, "image.tar"), image);
    }
    const none = `sha256:${"0".repeat(64)}`;
    await assertRejects(() => pull(`b@${none}`), NetworkError);
    registry.host = "registry.test";
    registry.add("b", image);
    asked();
    await pull(`b@${digest}`);
    assertEquals(warnings(events), []);
    assertEquals(asked(), [`HEAD /v2/b/manifests/${digest}`]);
    registry.host = "elsewhere.test";
    await pull(`b@${digest}`);
    assertEquals(warnings(events), []);
  }));
