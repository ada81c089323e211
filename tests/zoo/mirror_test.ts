/** Docker Hub by way of a pull-through cache, as registry:2 makes one. */

import { assert, assertEquals } from "@std/assert";
import type { Fetch } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { index, onScene } from "./scene.ts";
import { dockerHub, pullThrough } from "./species/docker.ts";
import { Zoo } from "./zoo.ts";

const CACHE = `https://${pullThrough.registry}`;

/** The cache, which knows what Docker Hub has, in front of that. */
function inFront(hub: Zoo): { cache: Zoo; fetch: Fetch } {
  const cache = new Zoo(pullThrough);
  cache.add(index, "1.0");
  const fetch: Fetch = (address, init) => {
    const { host } = new URL(address);
    return host === cache.host
      ? cache.fetch(address, init)
      : hub.fetch(address, init);
  };
  return { cache, fetch };
}

const mirrors = [{ registry: "docker.io", urls: [CACHE] }];

test("pull-through cache: Docker Hub's login stays with Docker Hub", () =>
  onScene(dockerHub, async (scene) => {
    const { zoo } = scene;
    const { cache, fetch } = inFront(zoo);
    await scene.pullOk(dockerHub.open!, zoo.login("right"), { fetch, mirrors });
    zoo.secrets.assertConfined(cache.sent);
    for (const { headers } of cache.sent) {
      assertEquals(headers.get("authorization"), null);
    }
    const blobs = cache.log().filter((line) => line.includes("/blobs/"));
    assertEquals(blobs.length, 4);
    assertEquals(zoo.log().filter((line) => line.includes("/blobs/")), []);
    cache.registry.assertNoOpenBodies();
  }));

test("pull-through cache: what it does not hold yet comes whole, whatever range is asked for", () =>
  onScene(dockerHub, async (scene) => {
    const { zoo } = scene;
    const { cache, fetch } = inFront(zoo);
    cache.breakBlobs(65_536);
    const { fault } = cache.registry;
    cache.registry.fault = (record, count) => ({
      ...fault!(record, count),
      ignoreRange: true,
    });
    await scene.pullOk(dockerHub.open!, undefined, {
      fetch,
      mirrors,
      trustMirrors: true,
    });
    zoo.secrets.assertConfined(cache.sent);
    cache.registry.assertNoOpenBodies();
  }));

test("pull-through cache: its limit is Docker Hub's, which is asked then", () =>
  onScene(dockerHub, async (scene) => {
    const { zoo } = scene;
    const { cache, fetch } = inFront(zoo);
    cache.limited = true;
    const { warnings } = await scene.pullOk(dockerHub.open!, undefined, {
      fetch,
      mirrors,
      trustMirrors: true,
    });
    assert(
      warnings.some((warning) =>
        warning.code === "mirror" && warning.mirror === cache.host
      ),
      JSON.stringify(warnings),
    );
    assert(zoo.log().some((line) => line.includes("/manifests/")));
    cache.registry.assertNoOpenBodies();
  }));
