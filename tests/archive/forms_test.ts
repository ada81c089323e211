/** What the forms beside the default one are made of. */
import { assertEquals } from "@std/assert";
import type { ArchiveContent } from "../../lib/archive/content.ts";
import { dockerLegacyMembers } from "../../lib/archive/forms/docker_legacy.ts";
import { ociArchiveMembers } from "../../lib/archive/forms/oci_archive.ts";
import type { Descriptor } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import { content, layer, type NamedImage } from "./content.ts";

const contentOf = (...images: NamedImage[]): ArchiveContent => ({
  roots: images.map(({ reference, ...image }) => ({
    reference,
    top: image.manifest,
    images: [image],
  })),
});

const json = (bytes?: Uint8Array) =>
  JSON.parse(new TextDecoder().decode(bytes));

function legacy(...images: NamedImage[]) {
  const members = dockerLegacyMembers(contentOf(...images));
  const by = new Map(members.map((member) => [member.name, member]));
  assertEquals(by.size, members.length);
  return {
    names: members.map(({ name }) => name),
    read: (name: string) => json(by.get(name)?.bytes),
    blobs: members.flatMap(({ name, blob }) =>
      blob ? [[name, blob.digest]] : []
    ),
  };
}

test("an OCI archive is a layout, and nothing of Docker's is in it", () => {
  const image = content([layer(10), layer(20)]);
  const names = ociArchiveMembers(contentOf(image)).map(({ name }) => name);
  const blob = ({ digest }: Descriptor) => `blobs/${digest.replace(":", "/")}`;
  assertEquals(names, [
    "oci-layout",
    "index.json",
    blob(image.manifest.descriptor),
    blob(image.config.descriptor),
    ...image.parsed.layers.map(blob),
  ]);
});

test("Docker's old form has a folder for each layer, documents first", () => {
  const image = content([layer(10), layer(20)], "example.com/app:1");
  const { names, read, blobs } = legacy(image);
  const config = `${image.config.descriptor.digest.slice(7)}.json`;
  const [{ Layers, ...entry }] = read("manifest.json");
  assertEquals(entry, { Config: config, RepoTags: ["example.com/app:1"] });
  const ids = Layers.map((name: string) => name.split("/")[0]);
  assertEquals(names, [
    "manifest.json",
    "repositories",
    config,
    ...ids.flatMap((id: string) => [`${id}/VERSION`, `${id}/json`]),
    ...Layers,
  ]);
  assertEquals(read("repositories"), { "example.com/app": { "1": ids[1] } });
  assertEquals(
    blobs,
    image.parsed.layers.map(({ digest }, i) => [Layers[i], digest]),
  );
  const [lower, upper] = ids.map((id: string) => read(`${id}/json`));
  assertEquals([lower.id, lower.parent], [ids[0], undefined]);
  assertEquals([upper.id, upper.parent], [ids[1], ids[0]]);
  assertEquals(upper.architecture, "amd64");
});

test("Docker's old form has a repeated layer once, and no link to it", () => {
  const image = content([layer(10), layer(20), layer(10)]);
  const { names, read, blobs } = legacy(image);
  const [{ Layers }] = read("manifest.json");
  assertEquals(Layers[0], Layers[2]);
  assertEquals(blobs.length, 2);
  assertEquals(names.filter((name) => name.endsWith("/json")).length, 3);
});

test("images in Docker's old form share their lower layers' folders", () => {
  const one = content([layer(10), layer(20)], "example.com/app:1");
  const other = content([layer(10), layer(30)], "example.com/app:2");
  const { names, read, blobs } = legacy(one, other);
  assertEquals(blobs.length, 3);
  assertEquals(names.filter((name) => name.endsWith("/json")).length, 3);
  const [first, second] = read("manifest.json");
  assertEquals(first.Layers[0], second.Layers[0]);
  assertEquals(Object.keys(read("repositories")["example.com/app"]), [
    "1",
    "2",
  ]);
});

test("in Docker's old form, one image of two names is one image", () => {
  const one = content([layer(10)], "example.com/app:1");
  const other = content([layer(10)], "docker.io/library/nginx:2");
  const { read } = legacy(one, other);
  const [image, ...more] = read("manifest.json");
  assertEquals(image.RepoTags, ["example.com/app:1", "nginx:2"]);
  assertEquals(more, []);
});

test("Docker's old form knows images without a tag, and without a layer", () => {
  const bare = content([], `example.com/app@sha256:${"0".repeat(64)}`);
  const { names, read } = legacy(bare);
  assertEquals(names.includes("repositories"), false);
  const [{ RepoTags, Layers }] = read("manifest.json");
  assertEquals([RepoTags, Layers], [null, []]);
});
