/** `inspect`, `tags`, `plan`, `--max-bytes` and `--json` on a real registry. */

import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { buildImage, buildIndex, push } from "../fixtures/mod.ts";
import { dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import { missing } from "./servers/daemon.ts";
import { startDockerRegistry } from "./servers/docker_registry.ts";
import { Workspace } from "./workspace.ts";

const workspace = new Workspace();
const registry = workspace.share(({ folder }) =>
  startDockerRegistry({ folder })
);
const images = await Promise.all(
  ["amd64", "arm64"].map((architecture) =>
    buildImage({
      seed: architecture,
      platform: { os: "linux", architecture },
      layers: [{ size: 200_000, seed: "base" }, { seed: architecture }],
    })
  ),
);
const index = buildIndex(images);
const TAGS = ["1.9", "1.10", "1.10-rc1"];

test(
  "docker-pull inspect, tags and plan say of a real registry what a pull brings",
  {
    skip: missing("docker-registry"),
  },
  async () => {
    const { url, host } = await registry.get();
    const folder = workspace.makeFolder();
    for (const tag of TAGS) {
      await push(index, { url, repository: "look/app", tag });
    }
    const image = `${host}/look/app:1.10`;
    const json = async (...args: string[]) => {
      const { code, stdout, stderr } = await dockerPull(args, { cwd: folder });
      assertEquals(code, 0, stderr);
      return JSON.parse(stdout);
    };
    const tags = await json("tags", "--json", image);
    assertEquals(
      tags.tags.map(({ tag }: { tag: string }) => tag),
      ["1.9", "1.10-rc1", "1.10"],
    );
    const newest = await json("tags", "--json", "--newest", "1", image);
    assertEquals(newest.tags[0].created, "2024-01-02T03:04:05Z");
    const all = ["--platform", "all"];
    const { images: [found] } = await json("inspect", "--json", ...all, image);
    assertEquals(
      found.platforms.map(({ imageId }: { imageId: string }) => imageId),
      images.map(({ config }) => config.descriptor.digest),
    );
    const raw = await dockerPull(["inspect", "--raw", image], { cwd: folder });
    const text = new TextDecoder().decode(index.document.bytes);
    assertEquals([raw.code, raw.stdout], [0, text]);
    assertEquals(readdirSync(folder), []);

    const one = ["--platform", "linux/arm64", "-o", "a.tar", image];
    const plan = await json("plan", "--json", ...one);
    const limit = String(plan.download - 1);
    const refused = await dockerPull(["--max-bytes", limit, ...one], {
      cwd: folder,
    });
    assertEquals(refused.code, 12, refused.stderr);
    assert(!existsSync(join(folder, "a.tar")));
    const exact = ["--max-bytes", String(plan.download), "--json", ...one];
    const { statistics, results } = await json(...exact);
    assertEquals(statistics.downloaded, plan.download);
    assertEquals(results[0].path, "a.tar");
    const again = await json("plan", "--json", ...one);
    assertEquals([again.download, again.images[0].upToDate], [0, true]);
    const [file] = (await json("inspect", "--json", "./a.tar")).images;
    assertEquals(
      file.platforms[0].imageId,
      images[1]!.config.descriptor.digest,
    );
  },
);
