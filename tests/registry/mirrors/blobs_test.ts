import { assertEquals, assertRejects } from "@std/assert";
import {
  ContentMismatchError,
  NetworkError,
} from "../../../lib/image/errors.ts";
import type { BlobBody, CredentialProvider } from "../../../lib/image/types.ts";
import { test } from "../../harness.ts";
import { IMAGE, refusal, World } from "./world.ts";

const [LAYER, SECOND] = IMAGE.layers;
const CRAWL = new NetworkError("one.test", "slow", {
  code: "slow",
  bytes: 9,
  duration: 60_000,
});
const STALL = new NetworkError("one.test", "timeout", {
  code: "silence",
  duration: 30_000,
});

/** How often each host was asked for a blob. */
function asked(world: World, digest: string): string {
  const short = digest.slice(7, 13);
  return world.log.filter((line) => line.endsWith(`blobs/${short}`))
    .map((line) => line.split(" ")[1]!.split(".")[0]).join(" ");
}

test("pull() fetches a blob anew from another mirror where one lies", async () => {
  const world = new World();
  world.mirrors[0]!.fault = ({ path }) =>
    path.endsWith(LAYER!.digest) ? { flipAt: 1000 } : undefined;
  await world.pull();
  assertEquals(asked(world, LAYER!.digest), "one two");
  assertEquals(world.warnings, ["one.test wrong-bytes, two.test"]);
});

test("pull() fetches a blob from the registry where all mirrors lie", async () => {
  const world = new World();
  for (const mirror of world.mirrors) {
    mirror.fault = ({ path }) =>
      path.endsWith(LAYER!.digest) ? { flipAt: 1000 } : undefined;
  }
  await world.pull();
  assertEquals(asked(world, LAYER!.digest), "one two hub");
  assertEquals(world.warnings.length, 2);
});

test("pull() asks the next place where a mirror has a blob of another size", async () => {
  const world = new World();
  world.mirrors[0]!.repository("library/app").blobs
    .set(LAYER!.digest, new Uint8Array(17));
  await world.pull();
  assertEquals(asked(world, LAYER!.digest), "one two");
  assertEquals(world.warnings.length, 1);
});

test("pull() asks a lying mirror again where nothing else can be reached", async () => {
  const world = new World();
  world.origin.fault = () => ({ throws: refusal() });
  world.mirrors[1]!.fault = () => ({ throws: refusal() });
  world.mirrors[0]!.fault = ({ path }, count) =>
    path.endsWith(LAYER!.digest) && count === 1 ? { flipAt: 1000 } : undefined;
  await world.pull();
  assertEquals(asked(world, LAYER!.digest).split(" ").at(-1), "one");
});

test("pull() goes on at once from another place where a body breaks off", async () => {
  const world = new World();
  world.mirrors[0]!.fault = ({ path, method }) =>
    path.endsWith(LAYER!.digest) && method === "GET"
      ? { closeAfter: 9_000 }
      : undefined;
  await world.pull();
  assertEquals(asked(world, LAYER!.digest), "one hub");
  const { headers } = world.origin.requests.at(-1)!;
  assertEquals(headers.get("range"), `bytes=9000-${LAYER!.size - 1}`);
  assertEquals(world.warnings, [], "one broken body says little");
});

test("pull() blames no registry for what a mirror mixed in", async () => {
  const world = new World();
  world.mirrors[0]!.fault = ({ path }, count) =>
    path.endsWith(LAYER!.digest) && count === 1
      ? { closeAfter: 9_000, flipAt: 1000 }
      : undefined;
  await world.pull();
  assertEquals(asked(world, LAYER!.digest), "one hub two");
});

test("demote() has the next body come from another place that has answered", async () => {
  const world = new World();
  const source = world.open();
  const body = await source.fetchBlob(LAYER!);
  await body.body.cancel();
  assertEquals(source.demote!(body, STALL), false, "no other has answered");
  await source.resolve("1");
  const second = await source.fetchBlob(LAYER!);
  await second.body.cancel();
  assertEquals(second.host, "hub.test");
  assertEquals(source.demote!(second, STALL), true);
  const third = await source.fetchBlob(LAYER!);
  await third.body.cancel();
  assertEquals(third.host, "one.test");
  assertEquals(world.warnings, []);
});

test("demote() sets a mirror aside that breaks off again and again", async () => {
  const world = new World();
  const source = world.open();
  await source.resolve("1");
  const hosts: string[] = [];
  for (const { digest, size, mediaType } of [LAYER!, SECOND!, LAYER!]) {
    const body = await source.fetchBlob({ digest, size, mediaType });
    await body.body.cancel();
    hosts.push(body.host);
    if (body.host === "one.test") source.demote!(body, STALL);
  }
  assertEquals(hosts, ["one.test", "one.test", "hub.test"]);
  const { host, body } = await source.fetchBlob(SECOND!);
  await body.cancel();
  assertEquals(host, "hub.test");
  assertEquals(world.warnings, ["one.test slow, hub.test"]);
  world.clock.pass(31_000);
  const later = await source.fetchBlob(LAYER!);
  await later.body.cancel();
  assertEquals(later.host, "one.test");
});

test("demote() leaves a mirror that crawls, at once and for long", async () => {
  const world = new World();
  const source = world.open();
  await source.resolve("1");
  const hosts: string[] = [];
  for (const pass of [0, 60_000, 20 * 60_000]) {
    world.clock.pass(pass);
    const body = await source.fetchBlob(LAYER!);
    await body.body.cancel();
    hosts.push(body.host);
    if (body.host === "one.test") source.demote!(body, CRAWL);
  }
  assertEquals(hosts, ["one.test", "hub.test", "two.test"]);
  assertEquals(world.warnings, ["one.test slow, hub.test"]);
});

test("demote() takes no notice of a disk that is full", async () => {
  const world = new World();
  const source = world.open();
  const body: BlobBody = await source.fetchBlob(LAYER!);
  await body.body.cancel();
  assertEquals(source.demote!(body, new Error("ENOSPC")), false);
});

test("fetchBlob() takes a foreign layer's places from the registry only", async () => {
  const world = new World();
  const layer = { ...LAYER!, urls: ["https://one.test/foreign"] };
  for (const registry of world.all) {
    registry.fault = ({ path }) =>
      path === "/foreign" ? { status: 200, text: "x" } : { status: 404 };
  }
  await assertRejects(
    () => world.open().fetchBlob(layer),
    ContentMismatchError,
  );
  const places = world.log.map((line) => line.split(" ").slice(1).join(" "));
  assertEquals(places.map((line) => line.split("/")[0]), [
    "one.test library",
    "two.test library",
    "hub.test library",
    "one.test ",
  ]);
});

test("no login but its own is sent to a mirror", async () => {
  const world = new World();
  const logins: Record<string, string> = {
    "hub.test": "origin-password",
    "two.test": "second-password",
  };
  const looked: string[] = [];
  const credentials: CredentialProvider = (registry) => {
    looked.push(registry);
    const password = logins[registry];
    return Promise.resolve(
      password === undefined ? undefined : {
        source: "a test",
        credential: { kind: "basic", username: "me", password },
      },
    );
  };
  const users = { me: "origin-password" };
  world.origin.auth = { kind: "basic", users };
  world.mirrors[0]!.auth = { kind: "basic", users };
  world.mirrors[1]!.auth = { kind: "basic", users: { me: "second-password" } };
  await world.pull({ credentials });
  assertEquals([...new Set(looked)], ["hub.test", "one.test", "two.test"]);
  const sent = (index: number) =>
    world.all[index]!.requests.map(({ headers }) =>
      headers.get("authorization") ?? ""
    ).filter(Boolean).map((header) => atob(header.slice(6)));
  assertEquals(sent(0), []);
  assertEquals([...new Set(sent(1))], ["me:second-password"]);
  assertEquals([...new Set(sent(2))], ["me:origin-password"]);
});
