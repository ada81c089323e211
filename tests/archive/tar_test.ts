/** The tar format, as other readers have it. */
import { assertEquals } from "@std/assert";
import { toBytes } from "@std/streams/to-bytes";
import { UntarStream } from "@std/tar";
import { spawnSync } from "node:child_process";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BLOCK_SIZE, fileHeader, paddingOf } from "../../lib/archive/tar.ts";
import { parseManifest } from "../../lib/image/manifest.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { listTar } from "../../lib/archive/reader/tar_entries.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { content, layer, planOf, sha256, writePlan } from "./content.ts";

/** Name, size, mode, owner, group, time and type of every member. */
type Member = [string, number, number, number, number, number, string];

const SIZES = [0, 1, 511, 512, 513, 70_000];
const HUGE = 9 * 2 ** 30 + 5;

const LIST = `
import json, sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    print(json.dumps([[m.name, m.size, m.mode, m.uid, m.gid, int(m.mtime),
        m.type.decode()] for m in archive.getmembers()]))
`;

function missing(command: string): string | false {
  return spawnSync(command, ["--version"]).status !== 0 &&
    `${command} is not installed`;
}

async function withArchive(
  sizes: number[],
  check: (path: string, plan: ReturnType<typeof planOf>) => unknown,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "archive-"));
  try {
    const layers = sizes.map((size) =>
      size === HUGE
        ? { ...layer(1), digest: `sha256:${"9".repeat(64)}`, size }
        : layer(size)
    );
    const plan = planOf(content(layers));
    const path = join(folder, "a.tar");
    await writePlan(path, plan);
    await check(path, plan);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What should be found, by the plan's own documents and layers. */
function expected(plan: ReturnType<typeof planOf>): Member[] {
  const text = new TextDecoder();
  const members: Member[] = [];
  for (const [i, { bytes, offset }] of plan.regions.entries()) {
    if (bytes.length % BLOCK_SIZE !== 0) continue;
    const header = bytes.subarray(bytes.length - BLOCK_SIZE);
    if (text.decode(header.subarray(257, 262)) !== "ustar") continue;
    const name = text.decode(header.subarray(0, 100)).replace(/\0.*/, "");
    const end = offset + bytes.length;
    const blob = [...plan.blobs.values()].find((blob) => blob.offset === end);
    const next = plan.regions[i + 1];
    const size = blob?.descriptor.size ?? next!.bytes.length;
    members.push([name, size, 0o644, 0, 0, 0, "0"]);
  }
  return members;
}

test("an archive is read by Python's tarfile", {
  skip: missing("python3"),
}, () =>
  withArchive([...SIZES, HUGE], (path, plan) => {
    const { stdout, stderr } = spawnSync("python3", ["-c", LIST, path], {
      encoding: "utf8",
    });
    assertEquals(stderr, "");
    assertEquals(JSON.parse(stdout), expected(plan));
  }));

test(
  "an archive is read by tar",
  { skip: missing("tar") },
  () =>
    withArchive([...SIZES, HUGE], (path, plan) => {
      const { stdout, stderr } = spawnSync("tar", [
        "--numeric-owner",
        "-tvf",
        path,
      ], { encoding: "utf8" });
      assertEquals(stderr, "");
      const found = stdout.trim().split("\n").map((line) => {
        const [mode, owner, size, ...rest] = line.split(/\s+/);
        return [mode, owner, Number(size), rest.at(-1)];
      });
      assertEquals(
        found,
        expected(plan).map(([name, size]) => ["-rw-r--r--", "0/0", size, name]),
      );
    }),
);

test("an archive is read by UntarStream", () =>
  withArchive(SIZES, async (path, plan) => {
    const bytes = new Uint8Array(await readFile(path));
    const found: Member[] = [];
    const stream = new Blob([bytes]).stream().pipeThrough(new UntarStream());
    for await (const { path, header, readable } of stream) {
      const { size, typeflag } = header;
      const data = await toBytes(readable!);
      assertEquals(data.length, size);
      if (path.startsWith("blobs/")) {
        assertEquals(sha256(data), path.slice(6).replace("/", ":"));
      }
      found.push([path, size, 0o644, 0, 0, 0, typeflag]);
    }
    assertEquals(found, expected(plan));
  }));

test("fileHeader() goes over to PAX above 8 GiB", () => {
  const most = 8 ** 11 - 1;
  assertEquals(fileHeader("a", most).length, BLOCK_SIZE);
  const header = fileHeader("a", most + 1);
  assertEquals(header.length, 3 * BLOCK_SIZE);
  const record = new TextDecoder().decode(header.subarray(512, 1024));
  assertEquals(record.replaceAll("\0", ""), "19 size=8589934592\n");
  assertEquals(record.indexOf("\0"), 19);
});

test("fileHeader() goes over to PAX for names of more than 100 letters", () => {
  assertEquals(fileHeader("a".repeat(100), 0).length, BLOCK_SIZE);
  const name = `blobs/sha512/${"b".repeat(128)}`;
  for (const size of [1, 8 ** 11]) {
    const header = fileHeader(name, size);
    assertEquals(header.length, 3 * BLOCK_SIZE);
    const record = new TextDecoder().decode(header.subarray(512, 1024));
    assertEquals(
      record.replaceAll("\0", ""),
      `151 path=${name}\n${size > 1 ? "19 size=8589934592\n" : ""}`,
    );
  }
  const longest = fileHeader("c".repeat(600), 0);
  assertEquals(longest.length, 4 * BLOCK_SIZE);
});

const NAMES = `
import json, sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    print(json.dumps([[m.name, m.size] for m in archive.getmembers()]))
`;

test("an archive with digests by SHA-512 is read by all", {
  skip: missing("python3") || missing("tar"),
}, () =>
  inFolder(async (folder) => {
    const image = await buildImage({ layers: 2, algorithm: "sha512" });
    const plan = planOf({
      reference: parseReference("h.io/a:1"),
      manifest: image.manifest,
      parsed: parseManifest(image.manifest),
      config: image.config,
    });
    const path = join(folder, "a.tar");
    const bytes = new Uint8Array(plan.size);
    for (const piece of plan.regions) bytes.set(piece.bytes, piece.offset);
    for (const [digest, { offset }] of plan.blobs) {
      bytes.set(image.blobs.get(digest)!, offset);
    }
    await writeFile(path, bytes);
    const blobs = [image.manifest, image.config].map(({ descriptor }) =>
      descriptor
    ).concat(image.layers).map(({ digest, size }) => [
      `blobs/${digest.replace(":", "/")}`,
      size,
    ]);
    const python = spawnSync("python3", ["-c", NAMES, path], {
      encoding: "utf8",
    });
    assertEquals(JSON.parse(python.stdout).slice(-4), blobs);
    const gnu = spawnSync("tar", ["-tf", path], { encoding: "utf8" });
    assertEquals(
      gnu.stdout.trim().split("\n").slice(-4),
      blobs.map(([name]) => name),
    );
    const handle = await open(path);
    const listing = await listTar(handle, plan.size);
    await handle.close();
    assertEquals(
      listing!.entries.slice(-4).map(({ name, size }) => [name, size]),
      blobs,
    );
    const { problems, images } = await verifyImage(path);
    assertEquals([problems, images[0]!.ok], [[], true]);
  }));

test("paddingOf() fills the last block", () => {
  assertEquals([0, 1, 511, 512, 513].map(paddingOf), [0, 511, 1, 0, 511]);
});
