/** One pull from a registry of the zoo, and what must hold after each. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { pull } from "../../lib/copy/pull.ts";
import type { PullResult } from "../../lib/copy/pull_result.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { PullEvent, Warning } from "../../lib/image/events.ts";
import type { FoundCredential } from "../../lib/image/types.ts";
import { buildImage, buildIndex, sha256 } from "../fixtures/mod.ts";
import type { Facts } from "./facts.ts";
import { Zoo } from "./zoo.ts";

const platforms = ["amd64", "arm64"];
const images = await Promise.all(
  platforms.map((architecture) =>
    buildImage({
      layers: [{ size: 90_000 }, { size: 70_000 }, {}],
      platform: { os: "linux", architecture },
      seed: "zoo",
    })
  ),
);
/** The image of the first platform, which is the one that is pulled. */
export const image = images[0]!;
/** What all registries hold, as the tag 1.0. */
export const index = buildIndex(images, { attestations: true });

/** What came of a pull. */
export interface Outcome {
  /** What it brought. */
  result?: PullResult;
  /** What it threw. */
  error?: unknown;
  /** What it told. */
  events: PullEvent[];
  /** The warnings in that. */
  warnings: Warning[];
}

/** A registry and a folder to pull to. */
export class Scene {
  /** The registry. */
  readonly zoo: Zoo;
  /** The folder. */
  readonly folder: string = mkdtempSync(join(tmpdir(), "docker-pull-zoo-"));
  /** What was kept and told, to be searched for secrets. */
  readonly #told: unknown[] = [];

  constructor(facts: Facts) {
    this.zoo = new Zoo(facts);
    this.zoo.add(index, "1.0");
  }

  /** Pulls; failures are returned. */
  async pull(
    repository: string,
    login?: FoundCredential,
    options: PullOptions = {},
  ): Promise<Outcome> {
    const { zoo, folder } = this;
    const events: PullEvent[] = [];
    const outcome: Outcome = { events, warnings: [] };
    const reference = `${zoo.facts.registry}/${repository}:1.0`;
    try {
      outcome.result = await pull(reference, {
        ...zoo.client(login),
        platform: "linux/amd64",
        output: join(folder, "image.tar"),
        cacheDir: join(folder, "cache"),
        concurrency: 1,
        onEvent: (event) => events.push(event),
        ...options,
      });
    } catch (error) {
      outcome.error = error;
    }
    outcome.warnings = events.flatMap((event) =>
      event.type === "warning" ? [event.warning] : []
    );
    this.#told.push(outcome);
    return outcome;
  }

  /** Pulls, and fails where that does. */
  async pullOk(
    repository: string,
    login?: FoundCredential,
    options?: PullOptions,
  ): Promise<Outcome> {
    const outcome = await this.pull(repository, login, options);
    if (outcome.error) throw outcome.error;
    const { result } = outcome;
    assertEquals(result!.manifest.digest, image.manifest.descriptor.digest);
    assertEquals(result!.imageId, sha256(image.config.bytes));
    assert(existsSync(result!.path));
    return outcome;
  }

  /** Ends the scene: nothing is left open, and no secret is where it must not be. */
  end(): void {
    const { zoo, folder } = this;
    zoo.assertClean(this.#told);
    zoo.secrets.assertCleanFolder(folder);
  }
}

/** Runs a test on a scene of its own. */
export async function onScene(
  facts: Facts,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = new Scene(facts);
  try {
    await play(scene);
    scene.end();
  } finally {
    rmSync(scene.folder, { recursive: true, force: true });
  }
}
