import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { mkdir, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ArchiveError, StorageError } from "../../lib/image/errors.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { buildImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import {
  ALL,
  blobOf,
  change,
  codes,
  dockerMembers,
  inVerifyWorld,
  takers,
  takersOfFolder,
  tar,
} from "./world.ts";

for (const format of ["oci", "docker"] as const) {
  test(`verifyImage() finds nothing wrong in an archive of ${format}`, () =>
    inVerifyWorld(async ({ path, image, verify }) => {
      const report = await verify();
      assertEquals(report.problems, []);
      assertEquals(report.notes, []);
      assertEquals([report.path, report.kind], [path, "archive"]);
      assertEquals(report.images, [{
        names: ["registry.test/team/app:1"],
        forms: ["oci", "docker"],
        digest: image.manifest.descriptor.digest,
        imageId: image.config.descriptor.digest,
        platform: "linux/amd64",
        layers: 4,
        size: image.layers.reduce((sum, { size }) => sum + size, 0),
        ok: true,
      }]);
      assertEquals(takers(report), ALL);
    }, {
      format,
      layers: [{}, { compression: "none" }, { size: 600_000 }, { empty: true }],
    }));
}

test("verifyImage() finds the name of an image by digest", () =>
  inVerifyWorld(async ({ image, verify }) => {
    const { images, problems, loaders } = await verify();
    const { digest } = image.manifest.descriptor;
    assertEquals([images[0]!.names, problems], [
      [`registry.test/team/app@${digest}`],
      [],
    ]);
    assertEquals(loaders[1], { name: "docker-containerd", accepts: true });
  }, { tag: "" }));

test("verifyImage() finds one flipped bit in any blob", () =>
  inVerifyWorld(async ({ path, image, verify }) => {
    const { manifest, config, layers } = image;
    for (
      const { digest } of [manifest.descriptor, config.descriptor, ...layers]
    ) {
      const flip = (bytes: Uint8Array) => {
        // The blob's content begins after its header.
        const name = new TextEncoder().encode(`${blobOf(digest)}\0`);
        let at = 0;
        while (name.some((byte, i) => bytes[at + i] !== byte)) at += 512;
        bytes[at + 512 + 60]! ^= 4;
      };
      await change(path, flip);
      const report = await verify();
      assertEquals(report.problems[0]!.code, "digest");
      assertEquals(report.problems[0]!.subject, blobOf(digest));
      const refused = report.loaders.filter(({ accepts }) => !accepts)
        .map(({ name }) => name);
      assert(
        refused.includes("docker-containerd") && refused.includes("skopeo-oci"),
      );
      const isLayer = layers.some((layer) => layer.digest === digest);
      // Docker's own store knows no manifest, and names the image by whatever
      // the configuration is.
      if (digest !== config.descriptor.digest) {
        assertEquals(refused.includes("docker-classic"), isLayer);
      }
      await change(path, flip);
    }
    assertEquals((await verify()).problems, []);
  }));

test("verifyImage() finds where an archive breaks off", () =>
  inVerifyWorld(async ({ path, verify }) => {
    await change(path, (bytes) => bytes.subarray(0, bytes.length - 1024 - 812));
    const report = await verify();
    assertStringIncludes(codes(report), "truncated");
    assertEquals(takers(report), "");
    await change(path, (bytes) => bytes.subarray(0, bytes.length - 1024));
    const shorter = await verify();
    assertEquals(codes(shorter), "diff-id size truncated");
    assertEquals(shorter.images[0]!.ok, false);
  }, { layers: [{}, { size: 5000 }] }));

test("verifyImage() finds a blob that is missing", () =>
  inVerifyWorld(async ({ path, image, verify }) => {
    const name = blobOf(image.layers[1]!.digest);
    await unlink(join(path, name));
    const report = await verify();
    assertEquals(report.problems, [
      { code: "missing", subject: name, fault: { code: "absent" } },
    ]);
    assertEquals([report.images[0]!.ok, takers(report)], [false, ""]);
  }, { as: "oci" }));

test("verifyImage() takes a layout, and never follows its links", () =>
  inVerifyWorld(async ({ folder, path, image, verify }) => {
    const good = await verify();
    assertEquals([good.kind, good.problems, good.notes], ["layout", [], []]);
    assertEquals(takers(good), takersOfFolder(path));
    const name = blobOf(image.layers[0]!.digest);
    const elsewhere = join(folder, "cache", name);
    await unlink(join(path, name));
    await symlink(elsewhere, join(path, name));
    const report = await verify();
    assertEquals(report.problems.map(({ code }) => code), ["link"]);
    await rm(join(path, "blobs"), { recursive: true });
    await symlink(join(folder, "cache", "blobs"), join(path, "blobs"));
    assertStringIncludes(codes(await verify()), "missing");
  }, { as: "oci" }));

test("verifyImage() finds wrong diffIDs and a wrong number of layers", async () => {
  const other = {
    rootfs: { type: "layers", diff_ids: [`sha256:${"0".repeat(64)}`] },
  };
  await inVerifyWorld(async ({ verify }) => {
    const report = await verify();
    assertEquals(codes(report), "diff-id");
    assertEquals(takers(report), "skopeo-oci");
  }, { layers: 1, config: other });
  await inVerifyWorld(async ({ path }) => {
    const image = await buildImage({ layers: 2, config: other });
    await writeFile(path, tar(dockerMembers(image)));
    const report = await verifyImage(path);
    assertStringIncludes(codes(report), "layers");
    assertEquals(takers(report), "");
  });
});

test("verifyImage() knows what each loader makes of a plain Docker archive", () =>
  inVerifyWorld(async ({ path, image, verify }) => {
    const members = dockerMembers(image);
    await writeFile(path, tar(members));
    const good = await verify();
    assertEquals(good.problems, []);
    assertEquals(
      takers(good),
      "docker-classic docker-containerd containerd podman skopeo-docker-archive",
    );
    // As old versions of Docker wrote a layer that comes twice.
    const linked = members.map((member) =>
      member[0] === "1/layer.tar"
        ? ["1/layer.tar", "", {
          type: "2",
          target: "../0/layer.tar",
        }] as typeof member
        : member
    );
    await writeFile(path, tar(linked));
    const report = await verify();
    assertEquals(report.loaders[4]!.reason, {
      code: "linked",
      name: "1/layer.tar",
    });
    assertEquals(takers(report), "docker-classic docker-containerd containerd");
  }, { layers: [{ seed: "twice" }, { seed: "twice" }] }));

test("verifyImage() finds doubtful entries of a tar", () =>
  inVerifyWorld(async ({ path, image, verify }) => {
    const members = dockerMembers(image);
    const of = async (...more: typeof members) => {
      await writeFile(path, tar([...members, ...more]));
      return await verify();
    };
    assertEquals(codes(await of(["manifest.json", "[]"])), "duplicate");
    for (const name of ["../evil", "a/../../evil", "/etc/passwd"]) {
      const report = await of([name, "x"]);
      assertEquals([codes(report), takers(report)], ["name", ""]);
    }
    assertEquals((await of(["./x", ""])).notes.length, 1);
    assertEquals((await of(["fifo", "", { type: "6" }])).notes, [
      { code: "special", name: "fifo" },
    ]);
    const hex = "0".repeat(64);
    assertEquals(codes(await of([`blobs/sha256/${hex}`, "x"])), "digest");
    assertEquals(codes(await of(["big", "x", { base256: true }])), "");
    assertEquals(codes(await of(["x", "y", { type: "x" }], ["z", ""])), "");
  }));

test("verifyImage() reads long names of PAX and GNU", () =>
  inVerifyWorld(async ({ path, image, verify }) => {
    const [layer, ...rest] = dockerMembers(image);
    const name = `${"long/".repeat(40)}layer.tar`;
    const json = JSON.parse(String(rest.at(-1)![1]));
    json[0].Layers = [name];
    rest[rest.length - 1] = ["manifest.json", JSON.stringify(json)];
    const record = `path=${name}\n`;
    const length = record.length + 4;
    for (
      const extension of [
        ["@LongLink", `${name}\0`, { type: "L" }],
        ["PaxHeaders/x", `${length} ${record}`, { type: "x" }],
      ] as const
    ) {
      await writeFile(
        path,
        tar([[...extension], ["short", layer![1]], ...rest]),
      );
      const report = await verify();
      assertEquals([report.problems, report.images[0]!.ok], [[], true]);
    }
  }, { layers: 1 }));

test("verifyImage() reports documents that make no sense", () =>
  inVerifyWorld(async ({ path, verify }) => {
    for (
      const text of [
        "",
        "{",
        "[1]",
        "{}",
        "[{}]",
        "\xff",
        '[{"Config":"a","Layers":{}}]',
      ]
    ) {
      await writeFile(path, tar([["manifest.json", text]]));
      const report = await verify();
      assertEquals([codes(report), takers(report)], ["document", ""], text);
      await writeFile(
        path,
        tar([["index.json", text], ["oci-layout", text]]),
      );
      assertStringIncludes(codes(await verify()), "document");
    }
    await writeFile(path, tar([["hello", "x"]]));
    assertEquals(codes(await verify()), "missing");
  }));

test("verifyImage() refuses what is neither an archive nor a layout", () =>
  inVerifyWorld(async ({ folder, verify }) => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    const garbage = join(folder, "garbage");
    const none = join(folder, "none");
    await assertRejects(() => verify(none), StorageError, "ENOENT");
    const text = "x".repeat(3000);
    const cases: [string, string, Uint8Array?][] = [
      [empty, "no-layout"],
      [garbage, "no-archive", new Uint8Array(0)],
      [garbage, "no-archive", new Uint8Array(2048)],
      [garbage, "no-archive", new TextEncoder().encode(text)],
      [garbage, "zip", new TextEncoder().encode(`PK\x03\x04${text}`)],
      [garbage, "expand", gzipSync(text)],
    ];
    for (const [target, code, bytes] of cases) {
      if (bytes) await writeFile(target, bytes);
      const error = await assertRejects(() => verify(target));
      assertInstanceOf(error, ArchiveError);
      assertEquals(error.code, code);
    }
  }));

test("verifyImage() stops when it is told to", () =>
  inVerifyWorld(async ({ path }) => {
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(() => verifyImage(path, { signal }), Error, "enough");
  }));
