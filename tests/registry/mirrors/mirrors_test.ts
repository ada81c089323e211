import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  ContentMismatchError,
  NetworkError,
  RegistryError,
} from "../../../lib/image/errors.ts";
import { Repository } from "../../../lib/registry/repository.ts";
import { test } from "../../harness.ts";
import { IMAGE, OTHER, refusal, World } from "./world.ts";

const DIGEST = IMAGE.document.descriptor.digest;

test("openRepository() gives a plain repository where no mirror is for it", () => {
  const world = new World();
  const other = { registry: "other.test", urls: ["https://one.test"] };
  assert(world.open({ mirrors: [other] }) instanceof Repository);
});

test("pull() asks the registry for the digest only, and a mirror for the rest", async () => {
  const world = new World();
  const { digest } = await world.pull();
  assertEquals(digest, DIGEST);
  assertEquals(world.origin.log, ["HEAD /v2/library/app/manifests/1"]);
  assertEquals(world.blobsFrom(world.mirrors[0]!), 3);
  assertEquals(world.mirrors[1]!.requests, []);
  assertEquals(world.warnings, []);
});

test("pull() names the registry to a mirror as containerd does", async () => {
  const world = new World();
  await world.pull();
  for (const { url } of world.mirrors[0]!.requests) {
    assertEquals(new URL(url).searchParams.get("ns"), "hub.test");
  }
  for (const { url } of world.origin.requests) {
    assertEquals(new URL(url).search, "");
  }
});

test("pull() takes a project of a mirror for a part of its names", async () => {
  const world = new World();
  world.mirrors[0]!.add("cache/hub/library/app", IMAGE);
  const mirrors = [{
    registry: "hub.test",
    urls: ["https://one.test/v2/cache/hub/"],
  }];
  await world.pull({ mirrors });
  assertEquals(world.warnings, []);
  assert(
    world.mirrors[0]!.log.every((line) =>
      line.startsWith("GET /v2/cache/hub/library/app/")
    ),
  );
});

test("resolve() goes by the registry where a mirror's tag is older", async () => {
  const world = new World();
  world.mirrors[0]!.add("library/app", OTHER, "1");
  assertEquals((await world.open().resolve("1")).digest, DIGEST);
  const trusting = world.open({ trustMirrors: true });
  const { digest } = await trusting.resolve("1");
  assertEquals(digest, OTHER.document.descriptor.digest);
  assertEquals(
    world.origin.requests.length,
    1,
    "who trusts mirrors asks them alone",
  );
});

test("pull() by tag does not take another manifest that a mirror sends", async () => {
  const world = new World();
  const [one] = world.mirrors;
  one!.fault = ({ path }) =>
    path.includes("/manifests/")
      ? { status: 200, text: new TextDecoder().decode(OTHER.document.bytes) }
      : undefined;
  assertEquals((await world.pull()).digest, DIGEST);
  assertEquals(world.warnings, ["one.test wrong-bytes, two.test"]);
  assertEquals(world.blobsFrom(one!), 0, "it is not asked for more");
});

/** Serves no manifest by its digest. */
function byTagOnly(registry: World["origin"]): void {
  registry.fault = ({ path }) =>
    path.includes("/manifests/sha256:") ? { status: 404 } : undefined;
}

test("pull() takes a manifest by its tag from a mirror that has it by no other name", async () => {
  const world = new World();
  byTagOnly(world.mirrors[0]!);
  assertEquals((await world.pull()).digest, DIGEST);
  assertEquals(world.warnings, []);
  assertEquals(world.origin.log, ["HEAD /v2/library/app/manifests/1"]);
  assertEquals(world.mirrors[1]!.requests, []);
});

test("pull() takes no other manifest by its tag from a mirror", async () => {
  const world = new World();
  const [one] = world.mirrors;
  byTagOnly(one!);
  one!.add("library/app", OTHER, "1");
  assertEquals((await world.pull()).digest, DIGEST);
  assertEquals(world.warnings, ["one.test missing image, two.test"]);
});

test("pull() takes what the registry sends of a tag where it told an old digest", async () => {
  const world = new World();
  for (const registry of world.all) byTagOnly(registry);
  world.origin.amend = ({ method }, answer) => {
    if (method === "HEAD") {
      answer.headers["docker-content-digest"] = `sha256:${"0".repeat(64)}`;
    }
    return answer;
  };
  assertEquals((await world.pull()).digest, DIGEST);
});

test("fetchManifest() asks no more than resolve() did of what a tag is", async () => {
  const world = new World();
  const source = world.open();
  await source.resolve("1");
  await source.fetchManifest("1");
  assertEquals(world.origin.log, ["HEAD /v2/library/app/manifests/1"]);
  await source.fetchManifest("1");
  assertEquals(world.origin.requests.length, 2);
});

test("pull() by digest needs the registry for nothing", async () => {
  const world = new World();
  world.origin.fault = () => ({ throws: refusal() });
  await world.pull({}, `hub.test/library/app@${DIGEST}`);
  assertEquals(world.origin.requests, []);
});

test("pull() believes a mirror about a tag, aloud, where the registry is not reached", async () => {
  const world = new World();
  world.origin.fault = () => ({ throws: refusal() });
  assertEquals((await world.pull()).digest, DIGEST);
  assertEquals(world.warnings, [
    "hub.test unreachable refused, one.test on 1",
  ]);
});

test("pull() waits for a silent registry for a moment only", async () => {
  const world = new World();
  world.origin.fault = () => ({ delay: 60_000 });
  assertEquals((await world.pull({ timeout: 40 })).digest, DIGEST);
  assertMatch(world.warnings[0]!, /^hub.test unreachable timeout,/);
  assertEquals(world.origin.requests.length, 1);
});

test("pull() goes on with the next mirror where one is silent", async () => {
  const world = new World();
  world.mirrors[0]!.fault = () => ({ delay: 60_000 });
  await world.pull({ timeout: 40 });
  assertEquals(world.warnings, ["one.test unreachable timeout, two.test"]);
  assertEquals(world.mirrors[0]!.requests.length, 1, "it is set aside");
});

test("pull() believes the registry that there is no such tag", async () => {
  const world = new World();
  world.origin.repository("library/app").tags.clear();
  const error = await assertRejects(() => world.pull(), RegistryError);
  assertEquals(error.status, 404);
  assertEquals(world.mirrors[0]!.requests, []);
});

test("pull() tells of the registry's failure where the mirrors fail as well", async () => {
  const world = new World();
  world.origin.fault = () => ({ throws: refusal() });
  for (const mirror of world.mirrors) mirror.fault = () => ({ status: 404 });
  const error = await assertRejects(() => world.pull(), NetworkError);
  assertStringIncludes(error.message, "hub.test");
  assertEquals(world.warnings.length, 2);
});

test("pull() of an image that the mirrors do not hold comes from the registry", async () => {
  const world = new World();
  for (const mirror of world.mirrors) mirror.fault = () => ({ status: 404 });
  await world.pull();
  assertEquals(world.blobsFrom(world.origin), 3);
  assertEquals(world.warnings, [
    "one.test missing image, two.test",
    "two.test missing image, hub.test",
  ]);
});

test("pull() takes the blobs that a mirror lacks from elsewhere, one by one", async () => {
  const world = new World();
  const [one, two] = world.mirrors;
  const [first, second] = IMAGE.layers;
  one!.repository("library/app").blobs.delete(first!.digest);
  two!.repository("library/app").blobs.delete(first!.digest);
  await world.pull();
  const from = (host: string) =>
    world.log.filter((line) => line.includes(host)).join();
  assert(from("hub.test").includes(first!.digest.slice(7, 13)));
  assert(!from("hub.test").includes(second!.digest.slice(7, 13)));
  assert(from("one.test").includes(second!.digest.slice(7, 13)));
});

for (
  const [status, fault] of [
    [401, "login"],
    [403, "forbidden"],
    [429, "rate-limit"],
    [500, "status 500"],
    [503, "status 503"],
  ] as const
) {
  test(`pull() asks no more of a mirror that answers ${status}`, async () => {
    const world = new World();
    world.mirrors[0]!.fault = () => ({ status });
    await world.pull();
    assertEquals(world.warnings, [`one.test ${fault}, two.test`]);
    assertEquals(world.mirrors[0]!.requests.length, status === 401 ? 2 : 1);
    assertEquals(world.blobsFrom(world.origin), 0);
  });
}

test("fetchManifest() tries all places anew after failures that may pass", async () => {
  const world = new World();
  for (const registry of world.all) {
    registry.fault = (_, count) => count < 3 ? { status: 503 } : undefined;
  }
  const { descriptor } = await world.open().fetchManifest(DIGEST);
  assertEquals(descriptor.digest, DIGEST);
  assertEquals(world.clock.slept.length, 2);
});

test("fetchManifest() tries again where a place that has answered refuses a connection", async () => {
  for (const trustMirrors of [false, true]) {
    const world = new World();
    const [one, two] = world.mirrors;
    two!.fault = () => ({ throws: refusal() });
    const [met, never] = trustMirrors
      ? [one!, world.origin]
      : [world.origin, one!];
    never.fault = () => ({ throws: refusal() });
    const source = world.open({ trustMirrors });
    const descriptor = await source.resolve("1");
    let refused = 0;
    met.fault = () => refused++ < 3 ? { throws: refusal() } : undefined;
    const { descriptor: got } = await source.fetchManifest(descriptor);
    assertEquals(got.digest, DIGEST);
    assertEquals(world.clock.slept.length, 3);
  }
});

test("fetchManifest() takes refused connections as final where none of them has answered", async () => {
  const world = new World();
  for (const registry of world.all) {
    registry.fault = () => ({ throws: refusal() });
  }
  const [one] = world.mirrors;
  one!.fault = () => ({ status: 404 });
  const error = await assertRejects(
    () => world.open().fetchManifest(DIGEST),
    NetworkError,
  );
  assertEquals(error.kind, "refused");
  assertEquals(world.clock.slept, []);
});

test("fetchManifest() comes back to a mirror that failed a while ago", async () => {
  const world = new World();
  const source = world.open();
  const [one] = world.mirrors;
  one!.fault = () => ({ status: 503 });
  await source.fetchSmallBlob(IMAGE.config.descriptor);
  one!.fault = undefined;
  await source.fetchManifest(DIGEST);
  assertEquals(one!.requests.length, 1);
  world.clock.pass(31_000);
  await source.fetchSmallBlob(IMAGE.config.descriptor);
  assertEquals(one!.requests.length, 2);
});

test("tags() are those of the registry, or else of a mirror", async () => {
  const world = new World();
  world.origin.repository("library/app").tags.set("2", DIGEST);
  assertEquals(await world.open().tags(), ["1", "2"]);
  world.origin.fault = () => ({ throws: refusal() });
  assertEquals(await world.open().tags(), ["1"]);
  for (const mirror of world.mirrors) {
    mirror.fault = () => ({ throws: refusal() });
  }
  await assertRejects(() => world.open().tags(), NetworkError);
});

test("resolve() does not believe what a mirror says of a digest's size", async () => {
  const world = new World();
  world.mirrors[0]!.fault = ({ method }) =>
    method === "HEAD" ? { headers: { "content-length": "7" } } : undefined;
  const { size } = await world.open().resolve(DIGEST);
  assertEquals(size, IMAGE.document.bytes.length);
});

test("pull() throws an abort's reason and asks no other mirror", async () => {
  const world = new World();
  const controller = new AbortController();
  const stop = new Error("stop");
  world.mirrors[0]!.fault = () => {
    setTimeout(() => controller.abort(stop), 1);
    return { delay: 60_000 };
  };
  const { signal } = controller;
  const error = await assertRejects(() => world.pull({ signal }));
  assertEquals(error, stop);
  assertEquals(world.mirrors[1]!.requests, []);
  assertEquals(world.warnings, []);
});

test("pull() fails where all places send wrong bytes", async () => {
  const world = new World();
  const [layer] = IMAGE.layers;
  for (const registry of world.all) {
    registry.fault = ({ path }) =>
      path.endsWith(layer!.digest) ? { flipAt: 1000 } : undefined;
  }
  await assertRejects(() => world.pull(), ContentMismatchError);
});
