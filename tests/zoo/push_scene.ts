/** One push to a registry of the zoo, and what must hold after each. */

import { Buffer } from "node:buffer";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import type { CopyImagesOptions } from "../../lib/copy/copy_places.ts";
import { pullImages } from "../../lib/copy/pull.ts";
import { push, type PushResult } from "../../lib/copy/push.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import type { Descriptor, FoundCredential } from "../../lib/image/types.ts";
import {
  buildDocument,
  buildImage,
  buildIndex,
  MEDIA_TYPES,
} from "../fixtures/mod.ts";
import { FakeRegistry } from "../registry_server/mod.ts";
import { type Facts, pushedTo } from "./facts.ts";
import { Zoo } from "./zoo.ts";

/** Goes in parts; the others are small enough for one request. */
const LARGE = 9 * 2 ** 20;

const images = await Promise.all(
  ["amd64", "arm64"].map((architecture) =>
    buildImage({
      layers: [{ size: LARGE, seed: "large" }, { size: 1000 }, {}],
      platform: { os: "linux", architecture },
      seed: "pushed",
    })
  ),
);
const index = buildIndex(images, { attestations: true });
/** What refers to the index, as a signature does. */
const signature = signatureOf(index.document.descriptor);

function signatureOf(subject: Descriptor) {
  const config = buildDocument("application/vnd.oci.empty.v1+json", {});
  const document = buildDocument(MEDIA_TYPES.oci.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.oci.manifest,
    artifactType: "application/vnd.test.signature",
    config: config.descriptor,
    layers: [config.descriptor],
    subject,
  });
  return { document, config };
}

/** All that is pushed: documents and blobs by their digests. */
const DOCUMENTS = [...index.documents, signature.document];
const BLOBS = new Map([
  ...index.blobs,
  [signature.config.descriptor.digest, signature.config.bytes] as const,
]);
/** The bytes of the blobs. */
export const SIZE: number = [...BLOBS.values()]
  .reduce((sum, { length }) => sum + length, 0);

let layout: Promise<string> | undefined;

/** A layout with the image and its signature, made once. */
export function source(): Promise<string> {
  return layout ??= makeLayout();
}

async function makeLayout(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "docker-pull-pushed-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  // Where tests run in a worker, as in Deno, the process does not exit here.
  globalThis.addEventListener?.("unload", remove);
  const registry = new FakeRegistry({ host: "source.test", uploads: {} });
  registry.uploads!.rules.referrers = true;
  registry.add("team/app", index, "1.0");
  const { descriptor } = signature.document;
  const repository = registry.repository("team/app");
  repository.documents.set(descriptor.digest, signature.document);
  for (const [digest, bytes] of BLOBS) repository.blobs.set(digest, bytes);
  const output = join(folder, "layout");
  const { failures } = await pullImages(["source.test/team/app:1.0"], {
    fetch: registry.fetch,
    cacheDir: false,
    platform: "all",
    index: "original",
    attestations: true,
    referrers: true,
    format: "oci",
    output,
  });
  assertEquals(failures, []);
  return output;
}

/** What came of a push. */
export interface Outcome {
  result?: PushResult;
  error?: unknown;
  events: PullEvent[];
}

/** A registry, and a folder for what is remembered of uploads. */
export class PushScene {
  readonly zoo: Zoo;
  readonly folder: string = mkdtempSync(join(tmpdir(), "docker-pull-zoo-"));
  readonly #told: unknown[] = [];

  constructor(facts: Facts) {
    this.zoo = new Zoo(facts);
  }

  /** The login that may push, where one is wanted. */
  login(): FoundCredential | undefined {
    const { auth } = this.zoo.facts;
    return auth && this.zoo.login("right");
  }

  /** Pushes; failures are returned. */
  async push(
    login: FoundCredential | undefined = this.login(),
    options: CopyImagesOptions = {},
  ): Promise<Outcome> {
    const { zoo, folder } = this;
    const { facts } = zoo;
    const events: PullEvent[] = [];
    const outcome: Outcome = { events };
    try {
      outcome.result = await push(
        await source(),
        `${facts.registry}/${pushedTo(facts)}:1.0`,
        {
          ...zoo.client(login),
          cacheDir: join(folder, "cache"),
          onEvent: (event) => events.push(event),
          ...options,
        },
      );
    } catch (error) {
      outcome.error = error;
    }
    this.#told.push(outcome);
    return outcome;
  }

  /** Fails unless all is there, and right. */
  assertThere(): void {
    const { zoo } = this;
    const there = zoo.registry.repository(pushedTo(zoo.facts));
    const { digest } = index.document.descriptor;
    assertEquals(there.tags.get("1.0"), digest);
    for (const { descriptor, bytes } of DOCUMENTS) {
      assertEquals(there.documents.get(descriptor.digest)?.bytes, bytes);
    }
    for (const [digest, bytes] of BLOBS) {
      const found = there.blobs.get(digest);
      assert(found && Buffer.compare(found, bytes) === 0, digest);
    }
    // Where the registry does not list what refers to the index, a tag does.
    const tag = there.tags.get(digest.replace(":", "-"));
    if (zoo.facts.uploads?.rules.referrers) assertEquals(tag, undefined);
    else {
      const list = there.documents.get(tag!);
      assert(list, "no list of referrers");
      const { manifests } = JSON.parse(new TextDecoder().decode(list.bytes));
      assertEquals(
        manifests.map((each: Descriptor) => each.digest),
        [signature.document.descriptor.digest],
      );
    }
  }

  /** How many bytes of blobs came in all, those of documents included. */
  received(): number {
    return this.zoo.registry.requests
      .filter(({ path }) => path.includes("/blobs/upload"))
      .reduce((sum, { received }) => sum + received, 0);
  }

  /** Ends the scene: nothing is left open, and no secret is where it must not be. */
  end(): void {
    const { zoo, folder } = this;
    zoo.assertClean(this.#told);
    const cache = join(folder, "cache");
    const left = existsSync(cache) ? readdirSync(cache) : [];
    // What is remembered of an upload is for its owner's eyes.
    for (const name of left.filter((name) => name !== "uploads")) {
      zoo.secrets.assertCleanFolder(join(cache, name));
    }
  }
}

/** Runs a test on a scene of its own. */
export async function onPush(
  facts: Facts,
  play: (scene: PushScene) => Promise<void>,
): Promise<void> {
  const scene = new PushScene(facts);
  try {
    await play(scene);
    scene.end();
  } finally {
    rmSync(scene.folder, { recursive: true, force: true });
  }
}
