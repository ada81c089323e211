/**
 * Shows the command at work without a network: a registry inside this process
 * serves an image for two platforms, and the real command pulls it.
 */

import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { format } from "@std/fmt/bytes";
import { dockerPull } from "./fixtures/command.ts";
import { buildImage, buildIndex } from "./fixtures/mod.ts";
import { FakeRegistry } from "./registry_server/mod.ts";

const BASE = { size: 3_000_000, seed: "base" };

async function makeRegistry(): Promise<FakeRegistry> {
  const images = ["amd64", "arm64"].map((architecture) =>
    buildImage({
      layers: [
        BASE,
        { size: 6_000_000, seed: `program for ${architecture}` },
        { files: { "etc/motd": `hello from ${architecture}\n` } },
      ],
      platform: { os: "linux", architecture },
    })
  );
  const registry = new FakeRegistry();
  const index = buildIndex(await Promise.all(images), { attestations: true });
  registry.add("demo/hello", index, "1.0");
  // Slow enough for the bars to be seen on a terminal.
  registry.bytesPerSecond = 4_000_000;
  return registry;
}

async function main(): Promise<number> {
  const registry = await makeRegistry();
  const served = await registry.serve();
  const home = await mkdtemp(join(tmpdir(), "docker-pull-demo-"));
  const folder = join(home, "folder");
  await mkdir(folder);
  const show = async (...args: string[]): Promise<number> => {
    console.log(`\n$ docker-pull ${args.join(" ")}`);
    const env: Record<string, string> = {};
    if (process.env.NO_COLOR === undefined) env.NO_COLOR = "";
    return (await dockerPull(args, { cwd: folder, env, inherit: true })).code;
  };
  try {
    const image = `${served.host}/demo/hello:1.0`;
    console.log(`A registry with one image is listening at ${served.url}.`);
    let code = await show(image);
    if (code !== 0) return code;
    console.log("\nThe layer that both platforms share is in the cache now:");
    code = await show("--platform", "linux/arm64", image);
    if (code !== 0) return code;
    console.log("\nThe folder holds:");
    for (const name of (await readdir(folder)).sort()) {
      const entry = await stat(join(folder, name));
      const size = entry.isFile() ? format(entry.size) : "folder";
      console.log(`  ${name} (${size})`);
    }
    console.log(`
That was the real command, and nothing has left this machine; the folder is
removed again. Now pull an image of your own from this checkout, with either of

  deno task start nginx
  npm start -- nginx

then copy library_nginx_latest.tar to where it is wanted and run there

  docker load -i library_nginx_latest.tar`);
    return 0;
  } finally {
    await served.close();
    await rm(home, { recursive: true, force: true });
  }
}

// On Ctrl-C the command ends by itself, and the folder is still to be removed.
process.on("SIGINT", () => {});
process.exit(await main());
