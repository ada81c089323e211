import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
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
    find(diagnosis, "storage").message,
    "Layers come from storage.test",
  );
  assertEquals(find(diagnosis, "ranges").status, "note");
  assert(!JSON.stringify(diagnosis.report).includes("signature"));
  assertEquals(diagnosis.report.canPull, true);
});

test("diagnose() tells of the pulls that are left", async () => {
  const registry = registryWithImage();
  registry.pullLimit = { limit: 100, window: 21_600 };
  assertEquals(
    find(await examine(registry), "limit").message,
    "127.0.0.1:5000 allows 99 more pulls of 100 in 6 hours",
  );
  registry.pullLimit = { limit: 5, window: 21_600 };
  assertEquals(find(await examine(registry), "limit").status, "note");
});

test("diagnose() compares the clocks", async () => {
  const registry = registryWithImage();
  const now = Date.UTC(2026, 0, 1);
  registry.fault = () => ({
    headers: { date: new Date(now - 600_000).toUTCString() },
  });
  const { status, message, details } = find(
    await examine(registry, { now: () => now }),
    "clock",
  );
  assertEquals(status, "note");
  assertMatch(message, /is 10 minutes ahead of the registry's/);
  assertEquals(details, { skew: 600_000 });
});

test("diagnose() tells of the token server, and how long its tokens last", async () => {
  const registry = registryWithImage();
  registry.auth = { kind: "bearer", anonymous: true, expiresIn: 300 };
  const diagnosis = await examine(registry);
  assertMatch(
    find(diagnosis, "registry").message,
    /wants a token of 127.0.0.1:5000\/token for fake-registry$/,
  );
  assertEquals(find(diagnosis, "token").details!.lifetime, 300_000);
  registry.auth.expiresIn = null;
  const unknown = find(await examine(registry), "token");
  assertMatch(unknown.message, /of unknown life/);
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
  const { message, details } = find(diagnosis, "login");
  assertMatch(
    message,
    /a user name and a password from ~\/.docker\/config.json/,
  );
  assertEquals(details!.source, "~/.docker/config.json");
  assertMatch(find(diagnosis, "token").message, /refuses the login from ~/);
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
  const there = find(await examine(registry), "platforms");
  assertEquals(there.details!.available, ["linux/amd64", "linux/arm64"]);
  const { error, report } = await examine(registry, {
    platform: "linux/s390x",
  });
  assertInstanceOf(error, PlatformNotFoundError);
  assertEquals(report.canPull, false);
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
  const told = diagnosis.report.findings.filter(({ step }) => step === "mirror")
    .map(({ status, details }) => [status, details?.name, details?.fault]);
  assertEquals(told, [
    ["note", "127.0.0.2:1", "missing"],
    ["ok", "127.0.0.3:1", undefined],
  ]);
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
  const { details, status } = find(
    await examine(registry, { timeout: 60 }),
    "speed",
  );
  assertEquals(status, "ok");
  assertEquals(details!.bytes, 9_000);
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
