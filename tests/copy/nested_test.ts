/** Indexes in indexes, and entries that say no platform or a wrong one. */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import {
  InvalidDocumentError,
  PlatformNotFoundError,
} from "../../lib/image/errors.ts";
import { OCI_INDEX } from "../../lib/image/media_types.ts";
import type { Descriptor, Platform } from "../../lib/image/types.ts";
import { buildImage, buildIndex, sha256 } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { assertHolds, inPullWorld } from "./world.ts";
import type { Content } from "../registry_server/content.ts";

const built = (architecture: string, os = "linux", more = {}) =>
  buildImage({ platform: { os, architecture, ...more } });
const amd64 = await built("amd64");
const arm64 = await built("arm64");
const s390x = await built("s390x");

/** An index of these, each with the platform that is said, if any. */
function indexOf(...parts: [Content, Platform?][]): Content {
  const manifests: Descriptor[] = parts.map(([{ document }, platform]) => ({
    ...document.descriptor,
    platform,
  }));
  const bytes = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
  );
  const descriptor = {
    mediaType: OCI_INDEX,
    digest: sha256(bytes),
    size: bytes.length,
  };
  const document = { descriptor, bytes };
  return {
    document,
    documents: [...parts.flatMap(([{ documents }]) => documents), document],
    blobs: new Map(parts.flatMap(([{ blobs }]) => [...blobs])),
  };
}

const linux = (architecture: string): Platform => ({
  os: "linux",
  architecture,
});

test("pull() looks into a second nested index, and a third", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    const nested = indexOf(
      [buildIndex([s390x])],
      [indexOf([buildIndex([arm64])])],
      [buildIndex([amd64])],
    );
    registry.add("app", nested, "1");
    for (
      const [image, platform] of [[amd64, "amd64"], [arm64, "arm64"]] as const
    ) {
      await pull("app:1", { platform });
      await assertHolds(join(folder, "image.tar"), image);
    }
    const error = await assertRejects(
      () => pull("app:1", { platform: "linux/riscv64" }),
      PlatformNotFoundError,
    );
    assertEquals(error.available.map((each) => each.architecture), [
      "s390x",
      "arm64",
      "amd64",
    ]);
  }));

test("pull() takes the very platform of a nested index before what runs there too", () =>
  inPullWorld(async ({ registry, pull }) => {
    const i386 = await built("386");
    registry.add(
      "app",
      indexOf([i386, linux("386")], [buildIndex([amd64])]),
      "1",
    );
    const { platform } = await pull("app:1");
    assertEquals(platform, linux("amd64"));
  }));

test("pull() goes by the configuration of an entry without a platform", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", indexOf([s390x], [amd64]), "1");
    await pull("app:1");
    await assertHolds(join(folder, "image.tar"), amd64);
    const error = await assertRejects(
      () => pull("app:1", { platform: "linux/arm64" }),
      PlatformNotFoundError,
    );
    assertEquals(error.available, [linux("s390x"), linux("amd64")]);
  }));

test("pull() takes the only image there is where no platform was asked for", () =>
  inPullWorld(async ({ registry, pull, events }) => {
    registry.add("app", indexOf([s390x]), "1");
    await pull("app:1", { platform: undefined });
    const codes = events.flatMap((event) =>
      event.type === "warning" ? [event.warning.code] : []
    );
    assertEquals(codes, ["platform-mismatch"]);
  }));

test("pull() passes over an entry without a platform that is gone", () =>
  inPullWorld(async ({ registry, folder, pull }) => {
    registry.add("app", indexOf([s390x], [amd64]), "1");
    const { digest } = s390x.manifest.descriptor;
    registry.fault = ({ path }) =>
      path.endsWith(digest) ? { status: 404 } : undefined;
    await pull("app:1");
    await assertHolds(join(folder, "image.tar"), amd64);
  }));

test("pull() does not look through an index without end", () =>
  inPullWorld(async ({ registry, pull, asked }) => {
    const many = await Promise.all(
      Array.from({ length: 70 }, (_, i) => built(`cpu${i}`)),
    );
    registry.add("app", indexOf(...many.map((each): [Content] => [each])), "1");
    await assertRejects(
      () => pull("app:1", { cacheDir: false }),
      InvalidDocumentError,
      "not-among-first",
    );
    assertEquals(asked().length, 1 + 2 * 64);
  }));

test("pull() warns of an entry whose configuration says another system", () =>
  inPullWorld(async ({ registry, pull, events }) => {
    registry.add("app", indexOf([arm64, linux("amd64")]), "1");
    const { platform } = await pull("app:1");
    assertEquals(platform, linux("arm64"));
    const warnings = events.flatMap((event) =>
      event.type === "warning" ? [event.warning] : []
    );
    const [index, config] = [linux("amd64"), linux("arm64")];
    assertEquals(warnings, [{ code: "platform-config", index, config }]);
  }));

test("pull() chooses among versions of Windows, and tells which it took", () =>
  inPullWorld(async ({ registry, pull, events }) => {
    const versions = ["10.0.20348.1", "10.0.17763.1", "10.0.17763.3000"];
    const parts = await Promise.all(versions.map(async (version) => {
      const machine = {
        os: "windows",
        architecture: "amd64",
        "os.version": version,
      };
      return [await buildImage({ platform: machine }), machine] as [
        Content,
        Platform,
      ];
    }));
    registry.add("app", indexOf(...parts), "1");
    for (
      const [platform, taken] of [
        ["windows/amd64", "10.0.20348.1"],
        ["windows(10.0.17763.1)/amd64", "10.0.17763.1"],
        ["windows/amd64:10.0.17763", "10.0.17763.3000"],
        ["windows/amd64:10.0.17763.99", "10.0.17763.3000"],
      ] as const
    ) {
      const result = await pull("app:1", { platform, force: true });
      assertEquals(result.platform["os.version"], taken);
      const planned = events.find(({ type }) => type === "planned");
      assertEquals(
        planned?.type === "planned" && planned.platform,
        result.platform,
      );
    }
    const error = await assertRejects(
      () => pull("app:1", { platform: "windows(10.0.19041)/amd64" }),
      PlatformNotFoundError,
      "platform windows(10.0.19041)/amd64: the image has " +
        "windows(10.0.20348.1)/amd64",
    );
    assertEquals(error.available.length, 3);
  }));
