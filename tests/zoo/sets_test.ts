/**
 * Sets and streams from every registry of the zoo, and what hostile servers do
 * to them: each blob once, the very bytes of the file, and no archive that
 * looks whole and is not.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  archiveStream,
  type StreamOptions,
} from "../../lib/copy/archive_stream.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import type { Facts } from "./facts.ts";
import { playRow } from "./hostile/play.ts";
import { ROWS } from "./hostile/rows.ts";
import { image, onScene, type Scene } from "./scene.ts";
import { ALL } from "./species/all.ts";

/** It has two layers of the first, and one of its own. */
const second = await buildImage({
  layers: [{ size: 90_000 }, { size: 70_000 }, { seed: "own", size: 80_000 }],
  seed: "zoo",
});
const LAYERS = new Map(
  [...image.layers, ...second.layers].map((layer) => [layer.digest, layer]),
);
const CONFIGS = [image, second].map(({ config }) => config.descriptor.digest);

/** A set in a scene: its names, and how it is pulled. */
function setOf(
  { zoo, folder }: Scene,
): { names: string[]; options: StreamOptions } {
  const { facts } = zoo;
  zoo.add(buildIndex([second]), "2.0");
  const repository = facts.closed ?? facts.open!;
  const login = facts.closed ? zoo.login("right") : undefined;
  return {
    names: ["1.0", "2.0"].map((tag) =>
      `${facts.registry}/${repository}:${tag}`
    ),
    options: {
      ...zoo.client(login),
      platform: "linux/amd64",
      cacheDir: join(folder, "cache"),
      concurrency: 2,
    },
  };
}

/** The bytes that blobs were asked for with, and how often each was. */
function asked({ zoo }: Scene): { times: number[]; sent: number } {
  const times = new Map<string, number>();
  let sent = 0;
  const { host } = zoo.facts.storage ?? zoo;
  for (const request of zoo.registry.requests) {
    const { hostname, port } = new URL(request.url);
    const at = port ? `${hostname}:${port}` : hostname;
    const digest = [...LAYERS.keys(), ...CONFIGS]
      .find((digest) => request.path.includes(digest.slice(7)));
    if (!digest || at !== host || !request.path.includes("/blobs/")) continue;
    if (request.status >= 300) continue;
    times.set(digest, (times.get(digest) ?? 0) + 1);
    sent += request.sent;
  }
  return { times: [...times.values()], sent };
}

const SIZE = [...LAYERS.values()].reduce((sum, { size }) => sum + size, 0) +
  [image, second].reduce((sum, { config }) => sum + config.bytes.length, 0);

/** The file that the set gives. */
async function fileOf(facts: Facts): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  await onScene(facts, async (scene) => {
    const { names, options } = setOf(scene);
    const output = join(scene.folder, "all.tar");
    const { failures } = await pullImages(names, { ...options, output });
    assertEquals(failures, []);
    assertEquals(asked(scene), { times: [1, 1, 1, 1, 1, 1], sent: SIZE });
    bytes = new Uint8Array(await readFile(output));
  });
  return bytes;
}

for (const facts of ALL) {
  const { name } = facts;

  test(`${name}: a set is a file and a stream of the same bytes, each blob once`, async () => {
    const file = await fileOf(facts);
    for (const broken of [false, true]) {
      await onScene(facts, async (scene) => {
        const { names, options } = setOf(scene);
        if (broken) scene.zoo.breakBlobs(65_536);
        const stream = archiveStream(names, options);
        const sent = new Uint8Array(await new Response(stream).arrayBuffer());
        assertEquals(sent.length, file.length);
        assert(sent.every((byte, i) => byte === file[i]));
        const { times, sent: came } = asked(scene);
        // What broke off goes on where it was.
        assertEquals(came, SIZE);
        if (!broken) assertEquals(times, [1, 1, 1, 1, 1, 1]);
      });
    }
  });

  test(`${name}: a stream ends where a layer is wrong, and where nobody reads it`, () =>
    onScene(facts, async (scene) => {
      const { names, options } = setOf(scene);
      const wrong = second.layers[2]!.digest.slice(7);
      scene.zoo.registry.fault = ({ path }) =>
        path.includes(wrong) ? { flipAt: 9 } : undefined;
      let count = 0;
      await assertRejects(async () => {
        for await (const bytes of archiveStream(names, options)) {
          count += bytes.length;
        }
      }, ContentMismatchError);
      assert(count < SIZE, `${count}`);
      const reader = archiveStream(names, options).getReader();
      await reader.read();
      await reader.cancel();
    }));
}

for (const row of ROWS) {
  test(`hostile to a stream: ${row.what}`, async () => {
    const { name, stream } = await playRow(row, "stream");
    assert(name === "pulled" || stream.length < 200_000, `${stream.length}`);
  });

  test(`hostile to a set: ${row.what}`, async () => {
    await playRow(row, "set");
  });
}
