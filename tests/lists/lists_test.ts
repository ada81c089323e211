/** Lists of images as people have them, and lists as they should not be. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { formatPlatform } from "../../lib/image/platform.ts";
import { familiarName } from "../../lib/image/reference.ts";
import {
  type ImageList,
  imagesOf,
  InvalidListError,
  type ListOptions,
} from "../../lib/lists/lists.ts";
import { MAX_LIST_BYTES } from "../../lib/lists/list_text.ts";
import { test } from "../harness.ts";

function file(name: string): Uint8Array {
  return readFileSync(
    fileURLToPath(new URL(`files/${name}`, import.meta.url)),
  );
}

/** `name [platforms] lines`, one for each image. */
function told({ images }: ImageList): string[] {
  return images.map(({ reference, platforms, where }) =>
    [
      familiarName(reference),
      ...(platforms === undefined
        ? []
        : platforms === "all"
        ? ["all"]
        : platforms.map(formatPlatform)),
      where.map(({ line }) => line).join(),
    ].join(" ")
  );
}

const left = ({ left }: Pick<ImageList, "left">) =>
  left.map(({ line, file: _, ...fact }) =>
    `${line} ${Object.values(fact).join(" ")}`
  );

/** What is wrong: `line code`. */
async function wrong(
  text: string | Uint8Array,
  options: ListOptions = {},
): Promise<string[]> {
  const { problems } = await assertRejects(
    () => imagesOf(text, options),
    InvalidListError,
  );
  return problems.map(({ line, code }) =>
    line === undefined ? code : `${line} ${code}`
  );
}

test("imagesOf() reads one reference a line, with comments and platforms", async () => {
  const text = [
    "\ufeff# images of the cluster",
    "",
    "docker.io/rancher/mirrored-pause:3.6",
    "  redis:7   # the cache",
    "localhost:5000/app --platform linux/arm64",
    "nginx:1.27 --platform=linux/amd64,linux/arm64/v8 --platform linux/arm/v7",
    "ghcr.io/a/b:1 --platform all",
    "redis:7",
    "",
  ];
  const expected = [
    "rancher/mirrored-pause:3.6 3",
    "redis:7 4,8",
    "localhost:5000/app:latest linux/arm64 5",
    "nginx:1.27 linux/amd64 linux/arm64 linux/arm/v7 6",
    "ghcr.io/a/b:1 all 7",
  ];
  for (const end of ["\n", "\r\n", "\r"]) {
    assertEquals(told(await imagesOf(text.join(end))), expected);
  }
  const bytes = new TextEncoder().encode(text.join("\r\n"));
  const { images } = await imagesOf(bytes, { name: "images.txt" });
  assertEquals(images[0]!.where, [{ file: "images.txt", line: 3 }]);
});

test("imagesOf() finds what rendered manifests of Kubernetes run", async () => {
  const list = await imagesOf(file("monitoring.yaml"), { name: "-" });
  assertEquals(told(list), [
    "busybox:1.36.1 42,87",
    "quay.io/prometheus/node-exporter:v1.8.2 45",
    "quay.io/brancz/kube-rbac-proxy:v0.18.0 48",
    "quay.io/prometheus-operator/prometheus-operator:v0.76.0 60",
    "quay.io/prometheus-operator/prometheus-config-reloader:v0.76.0 63",
    "quay.io/prometheus/prometheus:v2.54.1 72",
    `quay.io/thanos/thanos@sha256:${"a".repeat(64)} 75`,
    "registry.example.com:5000/team/hook:1.0 97",
    "registry.example.com:5000/team/debug:1.0 100",
    "registry.example.com:5000/team/models:7 104",
    "ghcr.io/example/widget:1.20 118",
    `quay.io/example/sidecar:v2@sha256:${"b".repeat(64)} 121`,
    "nvcr.io/nvidia/driver:550.90.07 128",
    "redis:7.2 145",
  ]);
  assertEquals(left(list), [
    "125 no-tag quay.io/example/init",
    "134 address https://images.example.com/disk.qcow2",
    "136 variable $(params.image)",
  ]);
});

test("imagesOf() reads a compose file as compose does", async () => {
  const name = "compose.yaml";
  const env: Record<string, string> = {
    NGINX_TAG: "1.27",
    TAG: "2",
    BASE_TAG: "",
  };
  const list = await imagesOf(file(name), {
    name,
    variable: (name) => env[name],
  });
  assertEquals(told(list), [
    "nginx:1.27 linux/amd64 9",
    "registry.example.com/shop/base:3 5",
    "registry.example.com/shop/base:3 linux/arm64 5",
    "registry.example.com/shop/both:2 27",
    "postgres:16-alpine 31",
    "registry.example.com/shop/seed:1 34",
  ]);
  assertEquals(left(list), [
    "3 include",
    "19 other-file elsewhere",
    "23 build-only mine",
    "28 no-image nothing",
  ]);
  // What is not set is named, not guessed; all of it at once.
  const { problems } = await assertRejects(
    () => imagesOf(file(name), { name }),
    InvalidListError,
  );
  assertEquals(problems, [
    { code: "unset-variable", name: "NGINX_TAG", file: name, line: 9 },
    { code: "unset-variable", name: "TAG", file: name, line: 27 },
  ]);
});

for (
  const [written, value] of [
    ["a:$$1", undefined],
    ["a:${T}", "a:9"],
    ["a:$T", "a:9"],
    ["a:${T:-1}", "a:9"],
    ["a:${E:-1}", "a:1"],
    ["a:1${E-1}", "a:1"],
    ["a:${U-1}", "a:1"],
    ["a:${U:-${V:-${T}}}", "a:9"],
    ["a:${T:+8}", "a:8"],
    ["a:1${U:+8}", "a:1"],
    ["a:${E+8}", "a:8"],
    ["a:${T?no}", "a:9"],
    ["a:${U}", undefined],
    ["a:${E:?no}", undefined],
    ["a:${T", undefined],
    ["a:${}", undefined],
    ["a:${T!x}", undefined],
    ["a:$", undefined],
    [`a:${"${U:-".repeat(50)}1${"}".repeat(50)}`, undefined],
  ] as const
) {
  test(`a compose file's ${written.slice(0, 40)} is ${value ?? "wrong"}`, async () => {
    const text = `services:\n  a:\n    image: '${written}'\n`;
    const env: Record<string, string> = { T: "9", E: "" };
    const variable = (name: string) => env[name];
    if (value === undefined) {
      assertEquals((await wrong(text, { variable })).length, 1);
    } else {
      const { images } = await imagesOf(text, { variable });
      assertEquals(familiarName(images[0]!.reference), value);
    }
  });
}

test("imagesOf() reads hauler's manifests, kubectl's JSON and plain lists in YAML", async () => {
  const hauler = [
    "apiVersion: content.hauler.cattle.io/v1",
    "kind: Images",
    "metadata:",
    "  name: mine",
    "  annotations:",
    "    hauler.dev/platform: linux/amd64",
    "    hauler.dev/registry: mirror.example.com",
    "spec:",
    "  images:",
    "    - name: nginx:1.27",
    "    - name: ghcr.io/a/b:1",
    "      platform: linux/arm64",
    "---",
    "apiVersion: content.hauler.cattle.io/v1",
    "kind: Charts",
    "spec: {charts: [{name: rancher}]}",
  ].join("\n");
  const list = await imagesOf(hauler);
  assertEquals(told(list), [
    "mirror.example.com/nginx:1.27 linux/amd64 10",
    "ghcr.io/a/b:1 linux/arm64 11",
  ]);
  assertEquals(left(list), ["14 not-images Charts"]);
  const pod = (image: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { annotations: { image: "x y" } },
    spec: { containers: [{ image }], initContainers: [{ image: "a:1" }] },
    status: { containerStatuses: [{ image: "sha256:0", imageID: "" }] },
  });
  const items = [pod("b:1"), pod("c:1")];
  const json = JSON.stringify(
    { apiVersion: "v1", kind: "List", items },
    null,
    1,
  );
  const names = ({ images }: ImageList) =>
    images.map(({ reference }) => familiarName(reference));
  assertEquals(names(await imagesOf(json)), ["b:1", "a:1", "c:1"]);
  assertEquals(names(await imagesOf("- a:1\n- b:1\n")), ["a:1", "b:1"]);
  assertEquals(names(await imagesOf("images: [a:1, b:1]")), ["a:1", "b:1"]);
  const plain = await imagesOf("a:1\nb:1\n", { name: "list.yaml" });
  assertEquals(names(plain), ["a:1", "b:1"]);
});

test("imagesOf() follows aliases and merges, and reads what they stand for once", async () => {
  const text = [
    "base: &base",
    "  image: {repository: a/b, tag: 1}",
    "one: *base",
    "two:",
    "  <<: *base",
    "  other: {<<: [*base, *base]}",
    "loop: &loop",
    "  again: *loop",
  ].join("\n");
  assertEquals(told(await imagesOf(text)), ["a/b:1 2"]);
});

test("imagesOf() is not blown up by aliases, merges or depth", async () => {
  const levels = Array.from(
    { length: 60 },
    (_, i) =>
      i === 0
        ? "a0: &a0 {image: 'x:1'}"
        : `a${i}: &a${i} [${`*a${i - 1},`.repeat(20)}]`,
  );
  assertEquals(told(await imagesOf(levels.join("\n"))), ["x:1 1"]);
  const merges = Array.from(
    { length: 60 },
    (_, i) =>
      i === 0
        ? "b0: &b0 {other: 1}"
        : `b${i}: &b${i} {<<: [${`*b${i - 1},`.repeat(20)}]}`,
  );
  assertEquals(await wrong(merges.join("\n")), ["empty"]);
  assertEquals(await wrong(`${"[".repeat(1000)}1${"]".repeat(1000)}`), [
    "1 too-deep",
  ]);
  const [deepest = ""] = await wrong("[".repeat(200_000));
  assert(/too-deep|not-yaml/.test(deepest), deepest);
});

test("imagesOf() names a hundred typing errors at once", async () => {
  const lines = Array.from({ length: 100 }, (_, i) => `Nginx:${i}`);
  const found = await wrong(["redis:7", ...lines].join("\n"));
  assertEquals(found.length, 100);
  assertEquals(found[99], "101 bad-reference");
  const yaml = lines.map((line) => `- {image: "${line}"}`).join("\n");
  assertEquals((await wrong(yaml)).length, 100);
});

for (
  const [what, text, expected, name] of [
    ["nothing", "", ["empty"]],
    ["comments only", "# none\n\n  # here\n", ["empty"]],
    ["YAML without images", "kind: Service\nspec: {}\n", ["empty"]],
    ["empty documents", "---\n---\n", ["empty"]],
    ["two words", "nginx redis\n", ["1 several-words"]],
    ["an option without a value", "a:1 --platform\n", ["1 no-platform"]],
    ["a platform without an image", "--platform linux/arm64", [
      "1 bad-reference",
    ]],
    ["an odd platform", "a:1 --platform linux/\n", ["1 bad-platform"]],
    ["another option", "a:1 --format oci\n", ["1 several-words"]],
    ["a template", "spec:\n  image: {{ .Values.image }}\n", ["2 template"]],
    ["broken YAML", "a:\n  - b\n c: 'd\n", ["3 not-yaml"], "x.yaml"],
    ["no tag", "# mine\nnginx:\nredis:7\n", ["2 bad-reference"]],
    ["no tags", "nginx: # one\nredis:\n", ["1 bad-reference"]],
    ["a login", "me:secret@r.test/a:1", ["1 bad-reference"]],
  ] as [string, string, string[], string?][]
) {
  test(`imagesOf() refuses ${what}`, async () => {
    const found = await wrong(text, { name });
    assertEquals(found.slice(0, 1), expected);
  });
}

test("imagesOf() repeats no login of a list", async () => {
  const { problems } = await assertRejects(
    () => imagesOf("https://me:secret@r.test/a:1\n"),
    InvalidListError,
  );
  assert(!JSON.stringify(problems).includes("secret"));
});

test("imagesOf() refuses what is no text of UTF-8, and what is too large", async () => {
  const text = "nginx:1.27\n";
  const utf16 = (mark: number[], swap: boolean) =>
    new Uint8Array([
      ...mark,
      ...[...text].flatMap((char) => {
        const pair = [char.charCodeAt(0), 0];
        return swap ? pair.reverse() : pair;
      }),
    ]);
  assertEquals(await wrong(utf16([0xff, 0xfe], false)), ["utf-16"]);
  assertEquals(await wrong(utf16([0xfe, 0xff], true)), ["utf-16"]);
  assertEquals(await wrong(utf16([], false)), ["utf-16"]);
  assertEquals(await wrong(new Uint8Array([0x1f, 0x8b, 8, 1])), ["not-text"]);
  assertEquals(await wrong(new Uint8Array([0x61, 0xff])), ["not-text"]);
  assertEquals(await wrong(new Uint8Array(MAX_LIST_BYTES + 1)), ["too-large"]);
});
