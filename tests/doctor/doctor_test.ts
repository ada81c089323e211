import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  InvalidReferenceError,
  NetworkError,
  PlatformNotFoundError,
  RegistryError,
  StorageError,
} from "../../lib/image/errors.ts";
import type { CredentialProvider } from "../../lib/image/types.ts";
import { withFolder } from "../credentials/fixture.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { refusal } from "../registry/mirrors/world.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { test } from "../harness.ts";
import {
  coded,
  examine,
  find,
  IMAGE,
  REFERENCE,
  registryWithImage,
  troubles,
} from "./examine.ts";

test("diagnose() finds every step of an image that can be pulled", async () => {
  const diagnosis = await examine(registryWithImage());
  const { report, error } = diagnosis;
  assertEquals(error, undefined);
  assertEquals(report.canPull, true);
  assertEquals(report.reference, REFERENCE);
  assertEquals(report.platform, "linux/amd64");
  assertEquals(report.findings.map(({ step }) => step), [
    "proxy",
    "name",
    "tls",
    "registry",
    "clock",
    "login",
    "image",
    "platforms",
    "limit",
    "storage",
    "ranges",
    "speed",
    "cache",
    "output",
  ]);
  assertEquals(troubles(diagnosis), ["note clock"], "it sends no Date");
});

test("diagnose() writes nothing and asks for no more than a part of a layer", async () => {
  await withFolder(async ({ path }) => {
    const registry = registryWithImage();
    const cacheDir = join(path, "cache");
    await examine(registry, { cacheDir });
    await assertRejects(() => writeFile(join(cacheDir, "x"), ""));
    const layers = registry.requests.filter(({ path }) =>
      path.endsWith(IMAGE.layers[0]!.digest)
    );
    assertEquals(
      layers.map(({ headers }) => headers.get("range")),
      [`bytes=0-${IMAGE.layers[0]!.size - 2}`],
    );
  });
});

test("diagnose() says where layers come from, and whether in parts", async () => {
  const registry = registryWithImage();
  registry.storageHost = "storage.test";
  registry.fault = () => ({ ignoreRange: true });
  const diagnosis = await examine(registry);
  assertEquals(
    coded(find(diagnosis, "storage"), "storage-elsewhere").details,
    { host: "storage.test", redirected: true },
  );
  const ranges = find(diagnosis, "ranges");
  assertEquals([ranges.status, ranges.code], ["note", "no-ranges"]);
  assert(!JSON.stringify(diagnosis.report).includes("signature"));
  assertEquals(diagnosis.report.canPull, true);
});

test("diagnose() tells of the pulls that are left", async () => {
  const registry = registryWithImage();
  registry.pullLimit = { limit: 100, window: 21_600 };
  const { subject, details } = coded(
    find(await examine(registry), "limit"),
    "limit",
  );
  assertEquals(subject, "127.0.0.1:5000");
  assertEquals(details, { remaining: 99, limit: 100, window: 21_600 });
  registry.pullLimit = { limit: 5, window: 21_600 };
  assertEquals(find(await examine(registry), "limit").status, "note");
});

test("diagnose() compares the clocks", async () => {
  const registry = registryWithImage();
  const now = Date.UTC(2026, 0, 1);
  registry.fault = () => ({
    headers: { date: new Date(now - 600_000).toUTCString() },
  });
  const { status, details } = coded(
    find(await examine(registry, { now: () => now }), "clock"),
    "clock-differs",
  );
  assertEquals(status, "note");
  assertEquals(details, { skew: 600_000 });
});

test("diagnose() tells of the token server, and how long its tokens last", async () => {
  const registry = registryWithImage();
  registry.auth = { kind: "bearer", anonymous: true, expiresIn: 300 };
  const diagnosis = await examine(registry);
  const { realm, service } = coded(
    find(diagnosis, "registry"),
    "wants-token",
  ).details;
  assertEquals(realm, "127.0.0.1:5000/token");
  assertEquals(service, "fake-registry");
  const { lifetime, anonymous } =
    coded(find(diagnosis, "token"), "token").details;
  assertEquals([lifetime, anonymous], [300_000, true]);
  registry.auth.expiresIn = null;
  const unknown = coded(find(await examine(registry), "token"), "token");
  assertEquals(unknown.details.lifetime, null);
});

const LOGIN: CredentialProvider = () =>
  Promise.resolve({
    source: "~/.docker/config.json",
    credential: { kind: "basic", username: "ann", password: "hunter22" },
  });

test("diagnose() says where a login comes from, and that it is refused", async () => {
  const registry = registryWithImage();
  registry.auth = {
    kind: "bearer",
    anonymous: true,
    users: { ann: "another" },
  };
  const diagnosis = await examine(registry, { credentials: LOGIN });
  const { details } = coded(find(diagnosis, "login"), "login");
  assertEquals(details, { source: "~/.docker/config.json", kind: "basic" });
  const token = coded(find(diagnosis, "token"), "token-without-login");
  assertEquals(token.source, "~/.docker/config.json");
  assertEquals([token.status, token.details.anonymous], ["note", true]);
  assertEquals(diagnosis.report.canPull, true);
});

test("diagnose() goes on after a failure, and gives the first problem's error", async () => {
  const registry = registryWithImage();
  registry.fault = () => ({ throws: refusal() });
  const diagnosis = await examine(registry);
  assertEquals(troubles(diagnosis), ["problem registry", "problem image"]);
  assertInstanceOf(diagnosis.error, NetworkError);
  assertEquals(find(diagnosis, "output").status, "ok");

  const missing = await examine(
    registryWithImage(),
    {},
    REFERENCE.replace(/1$/, "2"),
  );
  assertInstanceOf(missing.error, RegistryError);
  assertEquals(missing.report.canPull, false);
});

test("diagnose() lists the platforms there are", async () => {
  const registry = new FakeRegistry({ host: "127.0.0.1:5000" });
  const images = await Promise.all(
    ["amd64", "arm64"].map((architecture) =>
      buildImage({ platform: { os: "linux", architecture } })
    ),
  );
  const index = buildIndex(images, { attestations: true });
  registry.add("team/app", index, "1");
  const there = coded(
    find(await examine(registry), "platforms"),
    "platforms",
  );
  assertEquals(there.details.available, ["linux/amd64", "linux/arm64"]);
  const other = await examine(registry, { platform: "linux/s390x" });
  assertInstanceOf(other.error, PlatformNotFoundError);
  assertEquals(other.report.canPull, false);
  const problem = coded(find(other, "platforms"), "problem");
  assertEquals(problem.error, "PlatformNotFoundError");
  assertEquals(problem.details, { available: there.details.available });
});

test("diagnose() asks each mirror, and pulls by them where the registry is gone", async () => {
  const registry = registryWithImage();
  const mirrors = [{
    registry: registry.host,
    urls: ["http://127.0.0.2:1", "http://127.0.0.3:1"],
  }];
  const empty = new FakeRegistry({ host: "127.0.0.2:1" });
  const full = registryWithImage();
  full.host = "127.0.0.3:1";
  registry.fault = () => ({ throws: refusal() });
  const all = [registry, empty, full];
  const diagnosis = await examine(registry, {
    mirrors,
    fetch: (url, init) =>
      all.find(({ host }) => host === new URL(url).host)!.fetch(url, init),
  });
  const told = diagnosis.report.findings.filter(({ step }) =>
    step === "mirror"
  );
  const [lacking, holding] = told;
  assertEquals(told.map(({ status }) => status), ["note", "ok"]);
  assertEquals(coded(lacking!, "warning").details, {
    name: "127.0.0.2:1",
    holds: false,
    fault: "missing",
  });
  assertEquals(
    coded(holding!, "mirror-holds").details.name,
    "127.0.0.3:1",
  );
  assertEquals(diagnosis.report.canPull, true);
  assertEquals(diagnosis.error, undefined);
  assertEquals(find(diagnosis, "registry").status, "problem");
});

test("diagnose() finds folders that cannot be written to", async () => {
  await withFolder(async ({ path }) => {
    const file = join(path, "file");
    await writeFile(file, "");
    for (const place of ["cacheDir", "outputDir"]) {
      const { error, report } = await examine(registryWithImage(), {
        [place]: join(file, "folder"),
      });
      assertInstanceOf(error, StorageError);
      assertEquals(error.code, "ENOTDIR");
      assertEquals(report.canPull, false);
    }
  });
});

test("diagnose() has nothing to find in what is no reference", async () => {
  await assertRejects(
    () => examine(registryWithImage(), {}, "No Image"),
    InvalidReferenceError,
  );
});

test("diagnose() gives up where a layer does not come", async () => {
  const registry = registryWithImage();
  registry.fault = ({ path }) =>
    path.endsWith(IMAGE.layers[0]!.digest) ? { stallAfter: 0 } : undefined;
  const diagnosis = await examine(registry, { timeout: 60 });
  assertEquals(find(diagnosis, "speed").status, "problem");
  assertInstanceOf(diagnosis.error, NetworkError);
});

test("diagnose() measures what has come of a slow layer", async () => {
  const registry = registryWithImage();
  registry.fault = ({ path }) =>
    path.endsWith(IMAGE.layers[0]!.digest) ? { stallAfter: 9_000 } : undefined;
  const { details, status } = coded(
    find(await examine(registry, { timeout: 60 }), "speed"),
    "speed",
  );
  assertEquals(status, "ok");
  assertEquals(details.bytes, 9_000);
});

test("diagnose() throws the reason of an abort", async () => {
  const registry = registryWithImage();
  const controller = new AbortController();
  const stop = new Error("stop");
  registry.fault = () => {
    controller.abort(stop);
    return { delay: 60_000 };
  };
  const { signal } = controller;
  assertEquals(await assertRejects(() => examine(registry, { signal })), stop);
});
