/** The world in which sets of images are pulled by the command. */

import { join } from "node:path";
import { main } from "../../../cli/main.ts";
import { inFolder } from "../../disk/folder.ts";
import { buildImage, buildIndex } from "../../fixtures/mod.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";
import { NOWHERE } from "../main_fixture.ts";
import { Sink } from "../progress/screen.ts";

export const images = await Promise.all(
  ["one", "two"].map((seed) =>
    buildImage({ seed, layers: [{ seed: "base" }, { seed }] })
  ),
);
const arm = await buildImage({
  seed: "arm",
  platform: { os: "linux", architecture: "arm64" },
});

/** A registry of a few images, and the command. */
export interface World {
  registry: FakeRegistry;
  folder: string;
  run(
    ...argv: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** The same without any options of a pull. */
  bare: World["run"];
}

/** Runs a test in it; standard input holds `input`. */
export function inSetWorld(
  body: (world: World) => Promise<void>,
  input = "",
): Promise<void> {
  return inFolder(async (folder) => {
    const registry = new FakeRegistry({ uploads: {} });
    registry.add("team/one", images[0]!, "1");
    registry.add("team/two", images[1]!, "1");
    registry.add("team/both", buildIndex([images[0]!, arm]), "1");
    const bare: World["run"] = async (...argv) => {
      const [stdout, stderr] = [new Sink(), new Sink()];
      const code = await main({
        argv,
        env: {
          HOME: NOWHERE,
          DOCKER_DEFAULT_PLATFORM: "linux/amd64",
          ONE_TAG: "1",
        },
        stdin: {
          async *[Symbol.asyncIterator]() {
            yield await Promise.resolve(input);
          },
        },
        stdout,
        stderr,
        signals: { on() {}, off() {}, raise() {}, exit() {} },
        os: "linux",
      }, { fetch: registry.fetch });
      return { code, stdout: stdout.text, stderr: stderr.text };
    };
    const options = ["--cache-dir", join(folder, "cache"), "--retries", "0"];
    await body({
      registry,
      folder,
      run: (...argv) => bare(...options, ...argv),
      bare,
    });
    registry.assertNoOpenBodies();
  });
}

export const ONE = "registry.test/team/one:1";
export const TWO = "registry.test/team/two:1";
export const BOTH = "registry.test/team/both:1";
export const NONE = "registry.test/team/none:1";
