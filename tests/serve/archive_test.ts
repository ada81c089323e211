import { assert, assertEquals } from "@std/assert";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pull } from "../../lib/copy/pull.ts";
import type { ServeProblem } from "../../lib/serve/catalog.ts";
import { serve } from "../../lib/serve/serve.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage, type BuiltImage } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { type Member, tar } from "../verify/world.ts";

const image = await buildImage({ layers: 3 });
const plain = await buildImage({
  layers: [{ compression: "none" }, { compression: "none", seed: "b" }],
});

interface Served {
  path: string;
  problems: ServeProblem[];
  get(path: string, init?: RequestInit): Promise<Response>;
}

function served(path: string): Served {
  const problems: ServeProblem[] = [];
  const handler = serve(path, { onProblem: (each) => problems.push(each) });
  return {
    path,
    problems,
    get: (path, init) => handler(new Request(`http://localhost${path}`, init)),
  };
}

/** The archive of a pull. */
async function pulled(folder: string): Promise<string> {
  const registry = new FakeRegistry();
  registry.add("team/app", image, "1");
  const path = join(folder, "app.tar");
  await pull("registry.test/team/app:1", {
    fetch: registry.fetch,
    platform: "linux/amd64",
    output: path,
    cacheDir: false,
  });
  return path;
}

/** Pulls it as any client does, and holds every byte against its digest. */
async function pullWith(
  { get }: Served,
  name: string,
  folder: string,
): Promise<string> {
  const { imageId } = await pull(`localhost:5000/${name}`, {
    fetch: (url, init) => get(url.replace(/^https?:\/\/[^/]+/, ""), init),
    platform: "linux/amd64",
    output: join(folder, "pulled.tar"),
    cacheDir: false,
    plainHttp: true,
  });
  return imageId;
}

/** An archive of docker save, as it was before version 25. */
function dockerSave(image: BuiltImage, tags: string[] | null): Uint8Array {
  const hex = (digest: string) => digest.split(":")[1]!;
  const layers = image.layers.map(({ digest }, i): Member => [
    `layer-${i}/layer.tar`,
    image.blobs.get(digest)!,
  ]);
  const config = `${hex(image.config.descriptor.digest)}.json`;
  const list = [{
    Config: config,
    RepoTags: tags,
    Layers: layers.map(([name]) => name),
  }];
  return tar([
    ...layers,
    [config, image.config.bytes],
    ["manifest.json", JSON.stringify(list)],
  ]);
}

test("serve() serves an archive of a pull, with the registry's own digest", () =>
  inFolder(async (folder) => {
    const path = await pulled(folder);
    const server = served(path);
    const { digest } = image.manifest.descriptor;
    for (const name of ["team/app", "registry.test/team/app"]) {
      const response = await server.get(`/v2/${name}/manifests/1`);
      assertEquals(response.headers.get("docker-content-digest"), digest);
      await response.body?.cancel();
    }
    for (const { digest } of image.layers) {
      const blob = await server.get(`/v2/team/app/blobs/${digest}`);
      assertEquals(
        new Uint8Array(await blob.arrayBuffer()),
        image.blobs.get(digest),
      );
      const part = await server.get(`/v2/team/app/blobs/${digest}`, {
        headers: { range: "bytes=3-7" },
      });
      assertEquals(
        new Uint8Array(await part.arrayBuffer()),
        image.blobs.get(digest)!.slice(3, 8),
      );
    }
    assertEquals(
      await pullWith(server, "team/app:1", folder),
      image.config.descriptor.digest,
    );
    assertEquals(server.problems, []);
  }));

test("serve() makes the manifest that docker save has not, always the same", () =>
  inFolder(async (folder) => {
    const path = join(folder, "saved.tar");
    await writeFile(path, dockerSave(plain, ["nginx:1.27"]));
    const digests = new Set<string | null>();
    for (let i = 0; i < 2; i++) {
      const server = served(path);
      const response = await server.get("/v2/nginx/manifests/1.27");
      assertEquals(response.status, 200);
      await response.body?.cancel();
      digests.add(response.headers.get("docker-content-digest"));
      assertEquals(
        await pullWith(server, "nginx:1.27", folder),
        plain.config.descriptor.digest,
      );
    }
    assertEquals(digests.size, 1);
    const [digest] = digests;
    const blob = await served(path).get(`/v2/nginx/blobs/${digest}`);
    assertEquals(blob.status, 200);
    await blob.body?.cancel();
  }));

test("serve() names an archive's image after the file where it has no name", () =>
  inFolder(async (folder) => {
    const path = join(folder, "My App.tar");
    await writeFile(path, dockerSave(plain, null));
    const response = await served(path).get("/v2/my-app/manifests/latest");
    assertEquals(response.status, 200);
    await response.body?.cancel();
  }));

test("serve() serves the archive that has come in the place of another", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await writeFile(path, dockerSave(plain, ["nginx:1"]));
    const server = served(path);
    const status = async (tag: string) => {
      const response = await server.get(`/v2/nginx/manifests/${tag}`);
      await response.arrayBuffer();
      return response.status;
    };
    assertEquals([await status("1"), await status("2")], [200, 404]);
    await writeFile(`${path}.new`, dockerSave(plain, ["nginx:2"]));
    await rename(`${path}.new`, path);
    assertEquals([await status("1"), await status("2")], [404, 200]);
    // One that is written into under way is told of, and read again later.
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, 700));
    assertEquals(await status("2"), 500);
    await writeFile(path, whole);
    assertEquals(await status("2"), 200);
  }));

test("serve() gives no damaged layer of an archive to its end", () =>
  inFolder(async (folder) => {
    const path = await pulled(folder);
    const bytes = await readFile(path);
    const [layer] = image.layers;
    const at = bytes.indexOf(image.blobs.get(layer!.digest)!);
    bytes[at + 20]! ^= 1;
    await writeFile(path, bytes);
    const server = served(path);
    const response = await server.get(`/v2/team/app/blobs/${layer!.digest}`);
    const broken = await response.arrayBuffer().then(() => false, () => true);
    assert(broken);
    assertEquals(server.problems, [
      { code: "damaged", subject: layer!.digest, path },
    ]);
  }));

test("serve() refuses what has no images in it, or no ranges", () =>
  inFolder(async (folder) => {
    const cases: [string, string | Uint8Array, string][] = [
      ["text.tar", "no tar", "no-archive"],
      ["empty.tar", tar([["a", "b"]]), "no-image"],
      [
        "a.tar.gz",
        gzipSync(dockerSave(plain, ["nginx:1"])),
        "expand",
      ],
      [
        "cut.tar",
        dockerSave(plain, ["nginx:1"]).subarray(0, 2000),
        "truncated",
      ],
      ["out.tar", tar([["../x", "b"]]), "outside"],
    ];
    for (const [name, bytes, code] of cases) {
      const path = join(folder, name);
      await writeFile(path, bytes);
      const server = served(path);
      const response = await server.get("/v2/_catalog");
      assertEquals(response.status, 500);
      await response.arrayBuffer();
      assertEquals(server.problems, [
        { code: "unreadable", subject: code, path },
      ]);
    }
  }));
