/**
 * Layers that are kept elsewhere than in the registry, at the addresses that
 * their manifest names: in sets, in every form, and on their own.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { errorLines } from "../../cli/messages/error_lines.ts";
import { createStyle } from "../../cli/progress/style.ts";
import { archiveStream } from "../../lib/copy/archive_stream.ts";
import type { Format, Layers } from "../../lib/copy/forms.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import type { Fetch } from "../../lib/image/types.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import {
  buildImage,
  type BuiltImage,
  type Format as Types,
} from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { inPullWorld, type PullWorld } from "./world.ts";

const ELSEWHERE = "https://elsewhere.test";
const MEDIA_TYPES: Record<Types, string> = {
  oci: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  docker: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
};
const base = { seed: "base", size: 120_000 };
const skipZstd = typeof zlib.zstdCompressSync !== "function";

/** An image whose first layer is kept at these addresses. */
async function foreignImage(
  seed: string,
  urls: readonly string[],
  format: Types = "oci",
): Promise<BuiltImage> {
  const plain = await buildImage({ seed, format, layers: [base, { seed }] });
  const { digest } = plain.layers[0]!;
  return await buildImage({
    seed,
    format,
    layers: [base, { seed }],
    describe: (layer) =>
      layer.digest === digest
        ? { ...layer, mediaType: MEDIA_TYPES[format], urls: [...urls] }
        : layer,
  });
}

interface World extends PullWorld {
  /** Puts an image into the registry, all but its first layer. */
  add(name: string, image: BuiltImage): void;
  /** Pulls a set. */
  pullSet(
    names: readonly string[],
    options: PullImagesOptions,
  ): ReturnType<typeof pullImages>;
  /** What is asked for elsewhere. */
  elsewhere: string[];
  fetch: Fetch;
}

/** Runs a test in a world with another place for layers. */
function inForeignWorld(
  body: (world: World) => Promise<void>,
  isThere = (path: string) => path === "/layer",
): Promise<void> {
  return inPullWorld(async (world) => {
    const { registry, folder } = world;
    const elsewhere: string[] = [];
    let bytes: Uint8Array<ArrayBuffer>;
    const fetch: Fetch = async (address, init = {}) => {
      if (!address.startsWith(ELSEWHERE)) {
        return await registry.fetch(address, init);
      }
      const { pathname } = new URL(address);
      const headers = new Headers(init.headers);
      assertEquals(headers.get("authorization"), null);
      elsewhere.push(pathname);
      if (!isThere(pathname)) return new Response("none", { status: 404 });
      const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "");
      if (!range) return new Response(bytes);
      const start = Number(range[1]);
      const end = Math.min(Number(range[2] || Infinity) + 1, bytes.length);
      return new Response(bytes.slice(start, end), {
        status: 206,
        headers: {
          "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
        },
      });
    };
    await body({
      ...world,
      elsewhere,
      fetch,
      add(name, image) {
        registry.add(name, image, "1");
        const { digest } = image.layers[0]!;
        bytes = image.blobs.get(digest)!;
        registry.repository(name).blobs.delete(digest);
      },
      pullSet: (names, options) =>
        pullImages(names.map((name) => `registry.test/${name}:1`), {
          fetch,
          platform: "linux/amd64",
          cacheDir: join(folder, "cache"),
          retries: 0,
          ...options,
        }),
    });
  });
}

for (const format of ["oci", "docker"] as const) {
  test(`a foreign layer of ${format} comes from its address into every form, once for a set`, () =>
    inForeignWorld(async ({ folder, add, pullSet, elsewhere, fetch }) => {
      const images = [
        await foreignImage("one", [`${ELSEWHERE}/layer`], format),
        await foreignImage("two", [`${ELSEWHERE}/layer`], format),
      ];
      add("team/one", images[0]!);
      add("team/two", images[1]!);
      const names = ["team/one", "team/two"];
      const cells: [Format, Layers][] = [["docker-legacy", "plain"]];
      for (const form of ["tar", "oci-archive", "oci"] as const) {
        for (const layers of ["as-is", "plain", "gzip", "zstd"] as const) {
          cells.push([form, layers]);
        }
      }
      for (const [form, layers] of cells) {
        if (layers === "zstd" && skipZstd) continue;
        for (const cache of [true, false]) {
          const what = `${form}, ${layers}, ${cache}`;
          elsewhere.length = 0;
          const output = join(folder, `all-${form}-${layers}-${cache}`);
          const cacheDir = cache && join(folder, "cache");
          const options = { format: form, layers, cacheDir };
          const { failures } = await pullSet(names, { ...options, output });
          assertEquals(failures, [], what);
          assertEquals(elsewhere, ["/layer"], what);
          const report = await verifyImage(output);
          assertEquals(report.problems, [], what);
          assertEquals(
            report.images.map(({ imageId }) => imageId).sort(),
            images.map(({ config }) => config.descriptor.digest).sort(),
            what,
          );
          await rm(join(folder, "cache"), { recursive: true, force: true });
          if (form === "oci") continue;
          const stream = archiveStream(
            names.map((name) => `registry.test/${name}:1`),
            { ...options, fetch, platform: "linux/amd64" },
          );
          const sent = new Uint8Array(await new Response(stream).arrayBuffer());
          assert((await readFile(output)).equals(sent), what);
          await rm(join(folder, "cache"), { recursive: true, force: true });
        }
      }
    }));
}

test("a foreign layer of several images comes from where any of them says", () =>
  inForeignWorld(async ({ folder, add, pullSet, elsewhere }) => {
    add("team/one", await foreignImage("one", [`${ELSEWHERE}/gone`]));
    add("team/two", await foreignImage("two", [`${ELSEWHERE}/layer`]));
    add("team/three", await buildImage({ seed: "three", layers: [base, {}] }));
    for (const first of ["team/one", "team/two", "team/three"]) {
      for (const output of ["all.tar", undefined]) {
        elsewhere.length = 0;
        const names = new Set([first, "team/one", "team/two", "team/three"]);
        const { failures } = await pullSet([...names], {
          cacheDir: false,
          ...(output
            ? { output: join(folder, `${first.slice(5)}-${output}`) }
            : { folder: join(folder, first.slice(5)) }),
        });
        assertEquals(failures, []);
        assertEquals(elsewhere.filter((path) => path === "/layer").length, 1);
      }
    }
  }));

test("a foreign layer that is nowhere is named with the places that were asked", () =>
  inForeignWorld(async ({ registry, folder, add, pullSet }) => {
    const good = await buildImage({ seed: "good" });
    const image = await foreignImage("one", [
      `${ELSEWHERE}/gone`,
      "ftp://files.test/layer",
    ]);
    add("team/one", image);
    registry.add("team/good", good, "1");
    const files = join(folder, "files");
    const { results, failures } = await pullSet(["team/one", "team/good"], {
      folder: files,
    });
    assertEquals([results.length, failures.length], [1, 1]);
    const { lines, code } = errorLines(
      failures[0]!.error,
      { registry: "registry.test" },
      createStyle({}, {}),
      "registry.test/team/one:1",
    );
    assertEquals(code, 5);
    assertStringIncludes(
      lines[0]!,
      "registry.test/team/one:1: registry.test does not hold the layer " +
        `${image.layers[0]!.digest}, nor can it be had where the image says ` +
        "(elsewhere.test: HTTP 404; files.test: ",
    );
    assertStringIncludes(lines[1]!, "ask who published the image");
  }));
