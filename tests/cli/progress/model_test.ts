import { assertEquals } from "@std/assert";
import { test } from "../../harness.ts";
import { ProgressModel } from "../../../cli/progress/model.ts";
import { Speedometer } from "../../../cli/progress/model.ts";
import type { Descriptor } from "../../../lib/image/types.ts";

function blob(name: string, size: number): Descriptor {
  return { mediaType: "x/y", digest: `sha256:${name}`, size };
}

test("Speedometer measures the last seconds only", () => {
  const speed = new Speedometer();
  assertEquals(speed.rate, 0);
  speed.sample(0, 0);
  assertEquals(speed.rate, 0);
  speed.sample(1000, 500);
  assertEquals(speed.rate, 0, "a guess");
  speed.sample(2000, 1000);
  assertEquals(speed.rate, 500);
  for (let time = 3000; time <= 20_000; time += 1000) speed.sample(time, 1000);
  assertEquals(speed.rate, 0);
});

test("Speedometer begins anew when the number falls", () => {
  const speed = new Speedometer();
  speed.sample(0, 1000);
  speed.sample(1000, 3000);
  speed.sample(2000, 0);
  assertEquals(speed.rate, 0);
  speed.sample(4000, 200);
  assertEquals(speed.rate, 100);
});

test("ProgressModel does not take what was there already for speed", () => {
  const model = new ProgressModel();
  const [a, b] = [blob("a", 1000), blob("b", 1000)];
  model.apply({
    type: "planned",
    manifest: blob("m", 1),
    platform: { os: "linux", architecture: "amd64" },
    config: blob("c", 3),
    layers: [a, b],
    size: 100,
  }, 0);
  model.sample(0);
  for (const descriptor of [a, b]) {
    model.apply(
      { type: "blob-start", descriptor, source: "registry", resumed: 900 },
      0,
    );
  }
  model.sample(1000);
  assertEquals([model.received, model.speed.rate], [1800, 0]);
  model.apply({ type: "blob-progress", descriptor: a, received: 950 }, 2000);
  model.sample(2000);
  model.apply({ type: "blob-done", descriptor: a, source: "registry" }, 3000);
  model.sample(3000);
  assertEquals([model.received, model.speed.rate], [1900, 50]);
});

test("ProgressModel counts only what comes over the network", () => {
  const model = new ProgressModel();
  const [a, b] = [blob("a", 1000), blob("b", 10_000)];
  model.apply({
    type: "planned",
    manifest: blob("m", 1),
    platform: { os: "linux", architecture: "amd64" },
    config: blob("c", 3),
    layers: [a, b],
    size: 100,
  }, 0);
  model.apply(
    { type: "blob-start", descriptor: a, source: "registry", resumed: 0 },
    0,
  );
  model.apply(
    { type: "blob-start", descriptor: b, source: "cache", resumed: 0 },
    0,
  );
  model.sample(0);
  assertEquals(model.missing, 1000);
  for (let time = 1000; time <= 3000; time += 1000) {
    const received = time / 10;
    model.apply({ type: "blob-progress", descriptor: a, received }, time);
    model.apply(
      { type: "blob-progress", descriptor: b, received: 3 * time },
      time,
    );
    model.sample(time);
  }
  assertEquals([model.received, model.speed.rate], [9300, 100]);
  assertEquals(model.missing, 700);
  model.apply({ type: "blob-done", descriptor: b, source: "cache" }, 3000);
  model.sample(4000);
  assertEquals([model.received, model.missing], [10_300, 700]);
  assertEquals(model.speed.rate, 75);
});

test("ProgressModel counts a blob that occurs twice once", () => {
  const model = new ProgressModel();
  const [a, b, config] = [blob("a", 10), blob("b", 20), blob("c", 3)];
  model.apply({
    type: "planned",
    manifest: blob("m", 1),
    platform: { os: "linux", architecture: "amd64" },
    config,
    layers: [a, b, a],
    size: 100,
  }, 0);
  assertEquals([model.layerCount, model.totalSize], [2, 30]);
  model.apply(
    { type: "blob-start", descriptor: a, source: "registry", resumed: 4 },
    0,
  );
  assertEquals(model.received, 4);
  model.apply({ type: "blob-progress", descriptor: a, received: 7 }, 1);
  assertEquals(model.received, 7);
  for (const descriptor of [a, a, config]) {
    model.apply({ type: "blob-done", descriptor, source: "registry" }, 2);
  }
  assertEquals([model.received, model.layersDone], [10, 1]);
  model.apply({ type: "blob-done", descriptor: b, source: "cache" }, 3);
  assertEquals([model.received, model.layersDone], [30, 2]);
  assertEquals(model.active.size, 0);
});

test("ProgressModel counts a layer of several images once", () => {
  const model = new ProgressModel();
  const [a, b, c] = [blob("a", 1000), blob("b", 100), blob("c", 10)];
  for (const layers of [[a, b], [a, c, c]]) {
    model.apply({
      type: "planned",
      manifest: blob("m", 1),
      platform: { os: "linux", architecture: "amd64" },
      config: blob("c", 3),
      layers,
      size: 100,
    }, 0);
  }
  assertEquals([model.layerCount, model.totalSize], [3, 1110]);
  model.apply({ type: "blob-done", descriptor: a, source: "cache" }, 1);
  assertEquals([model.layersDone, model.missing], [1, 110]);
});
