import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../lib/image/errors.ts";
import { globOf } from "../../lib/look/glob.ts";
import { compareTags } from "../../lib/look/tag_order.ts";
import { listTags } from "../../lib/look/tags.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";

const ORDER = [
  "1",
  "1-alpine",
  "1.9",
  "1.10-beta2",
  "1.10-beta10",
  "1.10-rc1",
  "1.10",
  "1.10-alpine",
  "1.10-alpine3.9",
  "1.10-alpine3.20",
  "1.10.0-rc.1",
  "1.10.0",
  "v1.10.1",
  "2.0.0-SNAPSHOT",
  "2.0.0",
  "20240102",
  "99999999999999999999999999999",
  "alpine",
  "latest",
  "nightly",
];

test("compareTags() counts as people do", () => {
  const shuffled = ORDER.toSorted((a, b) => a.length - b.length).reverse();
  assertEquals(shuffled.sort(compareTags), ORDER);
  for (const a of ORDER) {
    for (const b of ORDER) {
      const [one, other] = [compareTags(a, b), compareTags(b, a)];
      assertEquals(Math.sign(one), -Math.sign(other) + 0, `${a} ${b}`);
      assertEquals(one === 0, a === b);
    }
  }
});

test("globOf() takes patterns as a shell does", () => {
  const rows: [string, string, boolean][] = [
    ["1.2?", "1.27", true],
    ["1.2?", "1.2", false],
    ["1.2*", "1.2", true],
    ["*-alpine", "1.2-alpine", true],
    ["*-alpine", "1.2-alpine3", false],
    ["*a*b*", "xxaxxbxx", true],
    ["*a*b*", "xxbxxaxx", false],
    ["[0-9].[!0]", "1.2", true],
    ["[0-9].[!0]", "1.0", false],
    ["[]a]", "]", true],
    ["[a", "[a", true],
    ["1.2", "1x2", false],
    ["", "", true],
    ["*", "", true],
    ["(a+)+$", "(a+)+$", true],
  ];
  for (const [pattern, text, fits] of rows) {
    assertEquals(globOf(pattern)(text), fits, `${pattern} ${text}`);
  }
  // A pattern that would take for ever, were all ways tried.
  assertEquals(globOf("*a".repeat(40) + "b")("a".repeat(128)), false);
});

async function makeRegistry(): Promise<FakeRegistry> {
  const registry = new FakeRegistry();
  const made = async (year: number, architecture = "amd64") =>
    await buildImage({
      seed: `${year}`,
      platform: { os: "linux", architecture },
      config: { created: `${year}-01-01T00:00:00Z` },
    });
  registry.add("team/app", await made(2020), "1.9");
  registry.add("team/app", await made(2024), "1.10");
  const both = [await made(2022), await made(2022, "arm64")];
  registry.add("team/app", buildIndex(both), "edge");
  registry.add("team/app", await made(2024), "latest");
  registry.add("team/app", await made(2025), `sha256-${"a".repeat(64)}.sig`);
  return registry;
}

test("listTags() puts versions in order, and hides what belongs to others", async () => {
  const { fetch } = await makeRegistry();
  const names = async (options: Parameters<typeof listTags>[1] = {}) =>
    (await listTags("registry.test/team/app", { fetch, ...options })).tags
      .map(({ tag }) => tag);
  assertEquals(await names(), ["1.9", "1.10", "edge", "latest"]);
  assertEquals(await names({ filter: "1.*" }), ["1.9", "1.10"]);
  assertEquals((await names({ all: true })).length, 5);
  const { total, hidden } = await listTags("registry.test/team/app", { fetch });
  assertEquals([total, hidden], [5, 1]);
});

test("listTags() finds the newest, tells its cost first, and asks for each image once", async () => {
  const registry = await makeRegistry();
  const { fetch } = registry;
  const told: unknown[] = [];
  const { tags } = await listTags("registry.test/team/app", {
    fetch,
    newest: 3,
    onCost(cost) {
      told.push(cost, registry.log.length);
    },
  });
  // Before anything but the list.
  const list = registry.log.findIndex((line) => line.includes("tags/list"));
  assertEquals(told, [{ tags: 4, requests: 16, pulls: 8 }, list + 1]);
  assertEquals(tags.map(({ tag, created }) => [tag, created]), [
    ["latest", "2024-01-01T00:00:00Z"],
    ["1.10", "2024-01-01T00:00:00Z"],
    ["edge", "2022-01-01T00:00:00Z"],
  ]);
  const blobs = registry.log.filter((line) => line.includes("/blobs/"));
  assertEquals(new Set(blobs).size, blobs.length);
});

test("listTags() tells of a tag that cannot be looked at, and of the others", async () => {
  const registry = await makeRegistry();
  const { fetch } = registry;
  registry.respond = ({ path, method }) =>
    path.endsWith("manifests/1.9") && method !== "TRACE"
      ? { status: 404, headers: {}, bytes: new Uint8Array() }
      : undefined;
  const look = { fetch, newest: 9, retries: 0 };
  const { tags } = await listTags("registry.test/team/app", look);
  assertEquals(tags.length, 4);
  assertEquals(tags.at(-1)!.tag, "1.9");
  assertEquals(tags.at(-1)!.error instanceof RegistryError, true);
  registry.respond = ({ path }) =>
    path.includes("manifests/")
      ? { status: 429, headers: {}, bytes: new Uint8Array() }
      : undefined;
  await assertRejects(
    () => listTags("registry.test/team/app", look),
    RegistryError,
  );
});

test("listTags() refuses what is no option, and a repository that is not there", async () => {
  const { fetch } = await makeRegistry();
  const look = { fetch, retries: 0 };
  await assertRejects(
    () => listTags("registry.test/team/none", look),
    RegistryError,
  );
  await assertRejects(
    () => listTags("x", { ...look, newest: 0 }),
    RangeError,
  );
  await assertRejects(
    () => listTags("x", { ...look, filtre: "1" } as never),
    TypeError,
    "there is no option",
  );
});
