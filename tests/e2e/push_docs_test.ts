/** Runs what docs/copy.md, docs/push.md and docs/load.md tell to type. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startFakeDaemon } from "../daemon/fake_daemon.ts";
import { commandLine, run } from "../fixtures/command.ts";
import { buildDocument, buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { FakeRegistry, type ServedRegistry } from "../registry_server/mod.ts";
import { missing } from "./servers/daemon.ts";
import { HOST_PLATFORM, pullOk, Workspace } from "./workspace.ts";

const workspace = new Workspace();
const skip = process.platform === "win32" && "a shell is wanted";
const root = fileURLToPath(new URL("../..", import.meta.url));

const image = await buildImage({ platform: HOST_PLATFORM, layers: 2 });
const index = buildIndex([
  image,
  await buildImage({ platform: { os: "linux", architecture: "s390x" } }),
]);
const USERS = { me: "secret of me", ann: "token of ann" };

/** The commands of a page's shell blocks, those of several lines in one piece. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(root, "docs", page), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = ""]) => block.replaceAll("\\\n", "").split("\n"))
    .filter((line) => /\bdocker-pull /.test(line))
    // Some show the words alone.
    .filter((line) => !/\b(?:SRC|FILE\|LAYOUT) DST$/.test(line));
}

interface World {
  /** Where the commands run. */
  folder: string;
  /** Docker Hub and all others that are pulled from. */
  source: FakeRegistry;
  /** That which is pushed to. */
  target: FakeRegistry;
  /** Their addresses. */
  hosts: { source: string; target: string };
  /** Runs a line as a shell does; gives what it wrote. */
  type(line: string, env?: Record<string, string>): Promise<string>;
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  const folder = workspace.makeFolder();
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const program = join(bin, "docker-pull");
  const words = commandLine().map((word) => `'${word}'`).join(" ");
  writeFileSync(program, `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(program, 0o755);
  const source = new FakeRegistry({ host: "source.test" });
  const target = new FakeRegistry({ host: "target.test", uploads: {} });
  for (const tag of ["latest", "1.27"]) source.add("library/nginx", index, tag);
  const served: ServedRegistry[] = [];
  for (const registry of [source, target]) served.push(await registry.serve());
  const [from, to] = served.map(({ host }) => host) as [string, string];
  const PATH = `${bin}:${process.env.PATH}`;
  try {
    await body({
      folder,
      source,
      target,
      hosts: { source: from, target: to },
      async type(line, env = {}) {
        const typed = line.replace(/registry\.test(?::5000)?\//, `${to}/`)
          .replace("ghcr.io/", `${from}/`)
          // Nobody asks Docker Hub here.
          .replace(/docker-pull (copy |(?=--load))/, "$&--trust-mirrors ");
        const { code, stdout, stderr } = await run(["sh", "-c", typed], {
          cwd: folder,
          env: {
            PATH,
            DOCKER_PULL_MIRRORS: `docker.io=http://${from}`,
            ...env,
          },
        });
        assertEquals(code, 0, `${line}\n${stderr}`);
        return stdout + stderr;
      },
    });
  } finally {
    for (const each of served) await each.close();
  }
}

/** Pulls nginx:1.27 into a file of the folder. */
async function bring({ folder, hosts }: World, args: string): Promise<void> {
  const mirror = `--mirror=docker.io=http://${hosts.source}`;
  const own = ["--no-cache", "--trust-mirrors", mirror, "nginx:1.27"];
  await pullOk([...args.split(" "), ...own], folder);
}

test(
  "the commands of docs/copy.md do what they say",
  { skip },
  () =>
    inWorld(async (world) => {
      const { source, target, type } = world;
      await bring(world, "-o saved.tar");
      const config = buildDocument("application/vnd.cncf.helm.config.v1+json", {
        name: "app",
        version: "1.2.3",
      });
      const chart = {
        mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        digest: image.layers[0]!.digest,
        size: image.layers[0]!.size,
      };
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      const document = buildDocument(mediaType, {
        schemaVersion: 2,
        mediaType,
        config: config.descriptor,
        layers: [chart],
      });
      source.add("owner/charts/app", {
        document,
        documents: [document],
        blobs: new Map([
          ...image.blobs,
          [config.descriptor.digest, config.bytes] as const,
        ]),
      }, "1.2.3");
      const lines = commandsOf("copy.md");
      assertEquals(lines.length, 4);
      for (const line of lines) {
        assertStringIncludes(await type(line), "Image: ", line);
      }
      const there = target.repository("charts/app");
      assertEquals(there.tags.get("1.2.3"), document.descriptor.digest);
      const verified = await run([...commandLine(), "verify", "nginx.tar"], {
        cwd: world.folder,
      });
      assertEquals(verified.code, 0, verified.stderr);
    }),
);

test(
  "the commands of docs/push.md do what they say",
  { skip },
  () =>
    inWorld(async (world) => {
      const { source, target, type } = world;
      await bring(world, "-o nginx.tar");
      await bring(world, "--platform all --index original -o all.tar");
      source.add("owner/app", image, "1");
      const lines = commandsOf("push.md");
      assertEquals(lines.length, 4);
      for (const line of lines) {
        const login = /creds/.test(line);
        for (const registry of login ? [source, target] : []) {
          registry.auth = { kind: "basic", users: USERS };
        }
        const env = { USER: "ann", TOKEN: USERS.ann, PASSWORD: USERS.me };
        assertStringIncludes(await type(line, env), "Pushed: ", line);
      }
      const digestOf = (repository: string, tag: string) =>
        target.repository(repository).tags.get(tag);
      const { digest } = index.document.descriptor;
      assertEquals(digestOf("mirror/library/nginx", "1.27"), digest);
      assertEquals(digestOf("app", "1"), image.manifest.descriptor.digest);
      assert(digestOf("nginx", "1.27"));
      const asked = target.requests.map(({ headers }) =>
        headers.get("authorization")
      );
      const given = `Basic ${btoa(`me:${USERS.me}`)}`;
      assert(asked.includes(given));
      assert(asked.every((header) => header === null || header === given));
    }),
);

test("the commands of docs/load.md do what they say", {
  skip: skip || missing("docker"),
}, () =>
  inWorld(async ({ folder, type }) => {
    // What the other end of ssh would do is done here.
    const ssh = join(folder, "bin", "ssh");
    writeFileSync(
      ssh,
      '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift 2\nexec sh -c "$*"\n',
    );
    chmodSync(ssh, 0o755);
    const fake = await startFakeDaemon(folder);
    const { config, diffIds } = image;
    fake.onLoad = () => {
      fake.images = {
        "nginx:latest": { id: config.descriptor.digest, diffIds },
      };
    };
    try {
      const lines = commandsOf("load.md");
      assertEquals(lines.length, 3);
      for (const line of lines) {
        fake.images = {};
        const own = line.replace("unix:///run/podman/podman.sock", fake.url);
        const told = await type(own, { DOCKER_HOST: fake.url });
        assertStringIncludes(told, "Loaded: nginx:latest into Docker", line);
      }
    } finally {
      await fake.close();
    }
  }));

workspace.stopAtEnd();
