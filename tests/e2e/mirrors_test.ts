import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { dockerPull } from "../fixtures/command.ts";
import { buildImage, push } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { freePort, missing } from "./servers/daemon.ts";
import {
  type DockerRegistry,
  startDockerRegistry,
} from "./servers/docker_registry.ts";
import {
  assertFailure,
  filesIn,
  HOST_PLATFORM,
  pullOk,
  Workspace,
} from "./workspace.ts";

const workspace = new Workspace();
const skip = missing("docker-registry");
// Larger than what one connection fetches at a time, so that ranges matter.
const image = await buildImage({
  platform: HOST_PLATFORM,
  layers: [{ size: 24_000_000 }, { size: 300_000 }, {}],
});
const NAME = "e2e/app:1.0";

/** A registry, and a cache that fetches from it what it is asked for. */
async function startPair(): Promise<{
  origin: DockerRegistry;
  cache: DockerRegistry;
}> {
  const { folder } = workspace;
  const origin = await startDockerRegistry({ folder });
  await push(image, { url: origin.url, repository: "e2e/app", tag: "1.0" });
  const cache = await startDockerRegistry({ folder, proxy: origin.url });
  return { origin, cache };
}

/** Pulls with a mirror, and checks that the archive is the right one. */
async function pullBy(
  host: string,
  mirrors: string[],
  ...options: string[]
): Promise<string> {
  const cwd = workspace.makeFolder();
  const { stderr } = await pullOk([
    "--verbose",
    "--no-cache",
    "-o",
    "image.tar",
    ...mirrors.flatMap((url) => ["--mirror", `${host}=${url}`]),
    ...options,
    `${host}/${NAME}`,
  ], cwd);
  const archive = readFileSync(join(cwd, "image.tar"));
  for (const { digest } of image.layers) {
    assert(archive.includes(image.blobs.get(digest)! as typeof archive));
  }
  return stderr;
}

test(
  "a pull-through cache is pulled from: cold, warm, and then alone",
  {
    skip,
  },
  async () => {
    const { origin, cache } = await startPair();
    try {
      const { host } = origin;
      const cold = await pullBy(host, [cache.url]);
      assertMatch(
        cold,
        new RegExp(`HEAD ${origin.url}/v2/e2e/app/manifests/1`),
      );
      assertEquals(cold.includes(`GET ${origin.url}`), false, cold);
      assertEquals(cold.includes("warning:"), false, cold);
      const warm = await pullBy(host, [cache.url]);
      assertEquals(warm.includes(`GET ${origin.url}`), false, warm);
      // What is in the cache comes in parts; a miss does not.
      assertMatch(warm, /GET .*\/blobs\/sha256:\S+ bytes=\d+-\d+ → 206/);
      // This cache learns of a tag only when it is asked for one.
      const trusting = await pullBy(host, [cache.url], "--trust-mirrors");
      assertEquals(trusting.includes(`${origin.url}/`), false, trusting);
      assertEquals(trusting.includes("warning:"), false, trusting);
      await origin.stop();
      const alone = await pullBy(host, [cache.url]);
      assertMatch(
        alone,
        /warning: \S+ cannot be used: .*refused; what "1.0" is, is the word of mirror/,
      );
    } finally {
      await cache.stop();
      await origin.stop();
    }
  },
);

test("mirrors that are dead or silent are passed over", { skip }, async () => {
  const { origin, cache } = await startPair();
  const sockets: Socket[] = [];
  const silent = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
  });
  await new Promise<void>((done) =>
    silent.listen(0, "127.0.0.1", () => done())
  );
  const { port } = silent.address() as AddressInfo;
  try {
    const stderr = await pullBy(
      origin.host,
      [
        `http://127.0.0.1:${await freePort()},http://127.0.0.1:${port}`,
        cache.url,
      ],
      "--timeout",
      "1",
    );
    assertMatch(
      stderr,
      /warning: Mirror \S+ cannot be used: .*refused; asking mirror/,
    );
    assertMatch(
      stderr,
      /warning: Mirror \S+ cannot be used: .*no answer within 1 s; asking mirror/,
    );
    assertMatch(stderr, new RegExp(`GET ${cache.url}/v2/e2e/app/blobs/`));
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => silent.close(done));
    await cache.stop();
    await origin.stop();
  }
});

test("a mirror that lacks the image is passed over, and so is --no-mirrors", {
  skip,
}, async () => {
  const { origin, cache } = await startPair();
  const empty = await startDockerRegistry({ folder: workspace.folder });
  try {
    const { host } = origin;
    const stderr = await pullBy(host, [empty.url]);
    assertMatch(
      stderr,
      /warning: Mirror \S+ does not hold the image; asking 127/,
    );
    const env = { DOCKER_PULL_MIRRORS: `${host}=${empty.url}` };
    const cwd = workspace.makeFolder();
    const args = ["-v", "--no-mirrors", `${host}/${NAME}`];
    const { stderr: without } = await pullOk(args, cwd, env);
    assertEquals(without.includes(empty.url), false, without);
    assertEquals(filesIn(cwd).length, 1);
  } finally {
    await empty.stop();
    await cache.stop();
    await origin.stop();
  }
});

test("an image that nobody has fails as it does without mirrors", {
  skip,
}, async () => {
  const { origin, cache } = await startPair();
  try {
    const { host } = origin;
    const mirror = ["--mirror", `${host}=${cache.url}`];
    const cwd = workspace.makeFolder();
    const run = (...args: string[]) => dockerPull(args, { cwd });
    assertFailure(
      await run(...mirror, `${host}/e2e/app:none`),
      5,
      /has no such tag/,
    );
    const digest = `sha256:${"0".repeat(64)}`;
    assertFailure(
      await run(...mirror, `${host}/e2e/app@${digest}`),
      5,
      /no such/,
    );
    assertEquals(filesIn(cwd), []);
  } finally {
    await cache.stop();
    await origin.stop();
  }
});

workspace.stopAtEnd();
