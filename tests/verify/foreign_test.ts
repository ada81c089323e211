/** Archives of other programs, and of nobody's good will. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { FileHandle } from "node:fs/promises";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { ArchiveError, InvalidDocumentError } from "../../lib/image/errors.ts";
import { listTar, MAX_ENTRIES } from "../../lib/archive/reader/tar_entries.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { sha256 } from "../archive/content.ts";
import { run } from "../cli/main_fixture.ts";
import { Screen } from "../cli/progress/screen.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import {
  codes,
  dockerMembers,
  inVerifyWorld,
  type Member,
  takers,
  tar,
} from "./world.ts";

/** Bytes as zstd keeps what does not compress: one raw block in a frame. */
function zstd(bytes: Uint8Array): Uint8Array {
  assert(bytes.length < 256);
  const block = bytes.length << 3 | 1;
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, bytes.length];
  frame.push(block & 0xff, block >> 8 & 0xff, block >> 16, ...bytes);
  return new Uint8Array(frame);
}

/** A Docker archive with one layer. */
function archiveOf(layer: Uint8Array, diffId: string): Member[] {
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [diffId] },
  });
  const Config = `${sha256(config).slice(7)}.json`;
  const manifest = [{
    Config,
    RepoTags: ["team/app:1"],
    Layers: ["0/layer.tar"],
  }];
  return [
    ["0/layer.tar", layer],
    [Config, config],
    ["manifest.json", JSON.stringify(manifest)],
  ];
}

test("verifyImage() expands layers of zstd, where the runtime can", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const content = new TextEncoder().encode("as good as a tar");
    const layer = zstd(content);
    const known = "createZstdDecompress" in zlib;
    await writeFile(path, tar(archiveOf(layer, sha256(content))));
    const right = await verifyImage(path);
    assertEquals(right.problems, []);
    assertEquals(
      right.notes.some((note) => note.code === "unchecked"),
      !known,
    );
    const [classic] = right.loaders;
    assertEquals(classic!.reason, { code: "zstd" });
    await writeFile(path, tar(archiveOf(layer, sha256("another"))));
    assertEquals(codes(await verifyImage(path)), known ? "diff-id" : "");
    layer[6] = 0xff; // a block of a kind that there is none of
    await writeFile(path, tar(archiveOf(layer, sha256(content))));
    assertEquals(codes(await verifyImage(path)), known ? "diff-id" : "");
  }));

test("verifyImage() says that an archive is compressed as a whole", () =>
  inVerifyWorld(async ({ folder, path, image }) => {
    const packed = join(folder, "image.tar.gz");
    await writeFile(packed, zlib.gzipSync(tar(dockerMembers(image))));
    const error = await assertRejects(() => verifyImage(packed), ArchiveError);
    assertEquals(error.problem, { code: "expand", compression: "gzip" });
    const { code, stderr } = await run(["verify", packed]);
    assert(code !== 0);
    assertStringIncludes(stderr, "compressed with gzip as a whole");
    assertEquals((await verifyImage(path)).problems, []);
  }));

test("verifyImage() knows an archive of Docker before 1.10", () =>
  inFolder(async (folder) => {
    const path = join(folder, "old.tar");
    const id = "5".repeat(64);
    const layers: Member[] = [
      [`${id}/VERSION`, "1.0"],
      [`${id}/json`, `{"id":"${id}"}`],
      [`${id}/layer.tar`, tar([])],
    ];
    const names: Member = ["repositories", `{"app":{"latest":"${id}"}}`];
    for (const members of [[...layers, names], layers]) {
      await writeFile(path, tar(members));
      const report = await verifyImage(path);
      assertEquals(codes(report), "missing");
      assertEquals(report.problems[0]!.fault, { code: "before-1.10" });
      assertEquals(takers(report), "");
    }
    await writeFile(path, tar([["file", "else"]]));
    const { problems } = await verifyImage(path);
    assertEquals(problems[0]!.fault, { code: "no-documents" });
  }));

/** A tar that is one header, again and again, and how often it was read. */
function endless(header: Uint8Array) {
  let reads = 0;
  const handle = {
    read(buffer: Uint8Array, start: number, length: number) {
      reads++;
      buffer.set(header.subarray(0, length), start);
      return Promise.resolve({ bytesRead: length, buffer });
    },
  } as unknown as FileHandle;
  return { handle, reads: () => reads };
}

test("listTar() looks at so many entries, and no more", async () => {
  const empty = tar([["a", ""]]).subarray(0, 512);
  const { handle, reads } = endless(empty);
  await assertRejects(
    () => listTar(handle, Infinity),
    InvalidDocumentError,
    "too-many-entries",
  );
  assertEquals(reads(), MAX_ENTRIES + 1);
});

test("listTar() counts records that belong to no entry", async () => {
  const record = tar([["a", "", { type: "x" }]]).subarray(0, 512);
  const { handle, reads } = endless(record);
  await assertRejects(() => listTar(handle, Infinity), InvalidDocumentError);
  assert(reads() <= 4 * MAX_ENTRIES);
});

test("verifyImage() tells how far it is, up to all of it", () =>
  inVerifyWorld(async ({ path, image }) => {
    const told: number[] = [];
    let total = 0;
    await verifyImage(path, {
      onProgress(done, all) {
        told.push(done);
        total = all;
      },
    });
    let size = image.manifest.bytes.length;
    for (const { length } of image.blobs.values()) size += length;
    assert(total > size && total < size + 10_000, `${total}`);
    assertEquals(told, told.toSorted((a, b) => a - b));
    assert(told.at(-1)! >= size && told.at(-1)! <= total);
  }));

test("main() draws on a terminal how far verify is, and takes it away", () =>
  inVerifyWorld(async ({ path }) => {
    const screen = new Screen(40);
    const { code, stdout } = await run(["verify", path], undefined, {
      stderr: screen,
    });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Nothing is wrong");
    assertMatch(screen.written, /Verifying \d+% of \d/);
    assertEquals([screen.text, screen.cursor], [[], true]);
  }));
