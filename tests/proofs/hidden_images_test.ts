/** A file with a good signature, and with an image beside it that some program loads. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verifySignatures } from "../../lib/proofs/verify_signatures.ts";
import { images, inSetWorld, ONE } from "../cli/commands/set_world.ts";
import { readArchive } from "../copy/world.ts";
import { test } from "../harness.ts";
import { blobOf, type Member, tar } from "../verify/world.ts";
import { refer } from "./signed_registry.ts";
import { bundleOf, FORGER_KEY } from "./world.ts";

const [signed, evil] = images as [typeof images[0], typeof images[0]];
type Members = Map<string, Uint8Array>;

const read = (members: Members, name: string) =>
  JSON.parse(new TextDecoder().decode(members.get(name)));
const write = (members: Members, name: string, value: unknown) =>
  void members.set(name, new TextEncoder().encode(JSON.stringify(value)));

/** Adds the blobs of the image that nobody has signed. */
function smuggle(members: Members): void {
  const { descriptor, bytes } = evil.manifest;
  members.set(blobOf(descriptor.digest), bytes);
  for (const [digest, bytes] of evil.blobs) members.set(blobOf(digest), bytes);
}

/** For Docker, which goes by `manifest.json`. */
function nameForDocker(members: Members): void {
  smuggle(members);
  write(members, "manifest.json", [{
    Config: blobOf(evil.config.descriptor.digest),
    RepoTags: [ONE],
    Layers: evil.layers.map(({ digest }) => blobOf(digest)),
  }]);
}

/** Ways to hide an image, and whether the bytes alone tell of it. */
const WAYS: [string, (members: Members) => void, boolean][] = [
  ["Docker's manifest.json names another image", nameForDocker, true],
  [
    "Docker's manifest.json names another image beside the signed one",
    (members) => {
      const own = read(members, "manifest.json");
      nameForDocker(members);
      const other = read(members, "manifest.json");
      write(members, "manifest.json", [...own, ...other]);
    },
    true,
  ],
  [
    "index.json names nothing but signatures",
    (members) => {
      const index = read(members, "index.json");
      const { digest } = signed.manifest.descriptor;
      members.delete(blobOf(digest));
      nameForDocker(members);
      write(members, "index.json", {
        ...index,
        manifests: index.manifests.filter((entry: { digest: string }) =>
          entry.digest !== digest
        ),
      });
    },
    true,
  ],
  [
    "an image says that it refers to something",
    (members) => {
      smuggle(members);
      const index = read(members, "index.json");
      index.manifests.push({
        ...evil.manifest.descriptor,
        annotations: {
          "io.containerd.manifest.subject": signed.manifest.descriptor.digest,
          "io.containerd.image.name": "registry.test/team/evil:1",
          "org.opencontainers.image.ref.name": "1",
        },
      });
      write(members, "index.json", index);
    },
    false,
  ],
];

for (const [name, hide, isTold] of WAYS) {
  test(`${name}: it is not taken for signed`, () =>
    inSetWorld(async (world) => {
      const { folder, registry, run, bare } = world;
      const { digest } = signed.manifest.descriptor;
      const bytes = bundleOf({ digest });
      refer(registry, "team/one", signed.manifest, { bytes });
      const key = join(folder, "cosign.pub");
      await writeFile(key, FORGER_KEY.text);
      const file = join(folder, "one.tar");
      assertEquals((await run("--referrers", "-o", file, ONE)).code, 0);
      assertEquals((await bare("verify", "--key", key, file)).code, 0);
      const members = await readArchive(file);
      hide(members);
      await writeFile(file, tar([...members] as Member[]));
      const told = await bare("verify", "--key", key, file);
      assertNotEquals(told.code, 0, told.stdout);
      const plain = await bare("verify", file);
      assertEquals(plain.code !== 0, isTold, plain.stdout);
      const keys = [FORGER_KEY];
      const found = await verifySignatures(file, { keys }).then(
        (images) => images.some(({ problem }) => problem),
        () => true,
      );
      assert(found, "verifySignatures() takes it for signed");
    }));
}

test("a file without any image is not signed", () =>
  inSetWorld(async ({ folder, bare }) => {
    const key = join(folder, "cosign.pub");
    await writeFile(key, FORGER_KEY.text);
    const file = join(folder, "none.tar");
    await writeFile(
      file,
      tar([
        ["oci-layout", '{"imageLayoutVersion":"1.0.0"}'],
        ["index.json", '{"schemaVersion":2,"manifests":[]}'],
      ]),
    );
    const { code, stdout, stderr } = await bare("verify", "--key", key, file);
    assertNotEquals(code, 0, stdout + stderr);
  }));
