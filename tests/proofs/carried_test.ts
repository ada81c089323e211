/** What is signed stays provable wherever it is carried, and in part. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copy } from "../../lib/copy/copy_places.ts";
import { referrerEntry } from "../../lib/image/referrer.ts";
import { parseManifest } from "../../lib/image/manifest.ts";
import { verifySignatures } from "../../lib/proofs/verify_signatures.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { run } from "../cli/main_fixture.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { putBlobs, putIndex } from "../serve/world.ts";
import { SIGNED, World } from "./world.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const key = { path: "cosign.pub", text: SIGNED.keys.p256! };
const { bundle, signature } = SIGNED.signatures.p256!;

/** A layout with the image as cosign has signed it, in both of its ways. */
async function signedLayout(folder: string): Promise<string> {
  const world = new World();
  const layout = join(folder, "layout");
  await putBlobs(layout, world.blobs);
  const tag = `${SIGNED.index.replace(":", "-")}.sig`;
  const referrers = await Promise.all(
    [bundle, signature].map(async (digest) => {
      const document = await world.source.fetchManifest(digest);
      const { descriptor } = document;
      const manifest = parseManifest(document);
      return referrerEntry({
        descriptor,
        document,
        manifest,
        subject: SIGNED.index,
        artifactType: "",
        tag: digest === signature ? tag : undefined,
      });
    }),
  );
  const annotations = { "io.containerd.image.name": "r.test/app:1" };
  const top = { ...world.descriptor(SIGNED.index, INDEX), annotations };
  await putIndex(layout, [top, ...referrers]);
  return layout;
}

test("a platform's file of a signed index proves what it is", () =>
  inFolder(async (folder) => {
    const layout = await signedLayout(folder);
    const all = join(folder, "all.tar");
    const one = join(folder, "one.tar");
    const again = join(folder, "again");
    const options = { cacheDir: false } as const;
    await copy(`oci:${layout}`, `oci-archive:${all}`, options);
    await copy(`oci-archive:${all}`, one, {
      ...options,
      platform: "linux/arm64",
    });
    await copy(one, `oci:${again}`, options);
    for (const place of [layout, all, one, again]) {
      assertEquals((await verifyImage(place)).problems, [], place);
      const [image, ...others] = await verifySignatures(
        { kind: "file", path: place },
        { keys: [key] },
      );
      assertEquals([others, image!.problem], [[], undefined], place);
      assertEquals(
        image!.signatures.map(({ kind, signed }) => [kind, signed]).sort(),
        [
          ["cosign-bundle", SIGNED.index],
          ["cosign-signature", SIGNED.index],
        ],
      );
    }
  }));

test("what does not go along is not proven", () =>
  inFolder(async (folder) => {
    const layout = await signedLayout(folder);
    const path = join(folder, "bare.tar");
    await copy(`oci:${layout}`, path, { cacheDir: false, referrers: false });
    const [image] = await verifySignatures(path, { keys: [key] });
    assertEquals(image!.problem, { code: "no-signature" });
  }));

test("main() verifies who has signed, and says what it has not checked", () =>
  inFolder(async (folder) => {
    const layout = await signedLayout(folder);
    const files = new Map<string, string>();
    for (const name of ["p256", "rsa"]) {
      files.set(name, join(folder, `${name}.pub`));
      await writeFile(files.get(name)!, SIGNED.keys[name]!);
    }
    const verify = (name: string, ...more: string[]) =>
      run(["verify", ...more, "--key", files.get(name)!, layout]);
    const right = await verify("p256");
    assertEquals(right.code, 0, right.stderr);
    assertStringIncludes(right.stdout, "Nothing is wrong\n");
    assertStringIncludes(right.stdout, "signed   r.test/app:1\n");
    assertStringIncludes(right.stdout, "; transparency log not checked\n");
    const wrong = await verify("rsa");
    assertEquals(wrong.code, 13);
    assertStringIncludes(
      wrong.stdout,
      "unsigned r.test/app:1: it is signed by somebody else than is trusted\n",
    );
    const told = await verify("rsa", "--json");
    assertEquals(JSON.parse(told.stdout).signatures[0].problem, {
      code: "other-key",
    });
  }));

test("the options of signatures belong together", async () => {
  for (
    const argv of [
      ["--key", "a", "nginx"],
      ["--require-signature", "--trusted-root", "a", "nginx"],
      ["--require-signature", "--signature-policy", "a", "--key", "b", "nginx"],
      ["--referrers", "--format", "docker-legacy", "nginx"],
      ["--referrers", "--load", "nginx"],
      ["verify", "docker://nginx"],
    ]
  ) assertEquals((await run(argv)).code, 2, argv.join(" "));
});
