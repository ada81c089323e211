/** A registry that is pushed to, in memory. */

import type { PullEvent } from "../../../lib/image/events.ts";
import { parseReference } from "../../../lib/image/reference.ts";
import type { Credential, Descriptor } from "../../../lib/image/types.ts";
import type { SessionOptions } from "../../../lib/registry/session.ts";
import type { UploadContent } from "../../../lib/registry/upload/content.ts";
import {
  PushRepository,
  type PushShared,
} from "../../../lib/registry/upload/push_repository.ts";
import { digestOf, randomBytes } from "../../fixtures/layer.ts";
import { type FakeClock, fakeClock } from "../../net/fake_fetch.ts";
import {
  FakeRegistry,
  type RegistryOptions,
  type UploadRules,
} from "../../registry_server/mod.ts";

export const MiB = 2 ** 20;

/** A blob of bytes that look random, the same for the same size and name. */
export function blobOf(size: number, seed = "blob"): TestBlob {
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const part of randomBytes(seed, size)) {
    bytes.set(part, position);
    position += part.length;
  }
  const digest = digestOf(bytes);
  const descriptor = { mediaType: "application/octet-stream", digest, size };
  return { bytes, ...contentOf(descriptor, bytes) };
}

export interface TestBlob extends UploadContent {
  bytes: Uint8Array<ArrayBuffer>;
}

export function contentOf(
  descriptor: Descriptor,
  bytes: Uint8Array<ArrayBuffer>,
): UploadContent {
  const step = 256 * 1024;
  return {
    descriptor,
    open(start, end) {
      let position = start;
      return new ReadableStream({
        pull(controller) {
          if (position >= end) return controller.close();
          const next = Math.min(position + step, end);
          controller.enqueue(bytes.slice(position, next));
          position = next;
        },
      }, { highWaterMark: 0 });
    },
  };
}

export interface World {
  registry: FakeRegistry;
  events: PullEvent[];
  clock: FakeClock;
  open(name?: string, shared?: PushShared): PushRepository;
  /** The bytes of blobs that came. */
  received(): number;
  push(blob: TestBlob, shared?: PushShared): ReturnType<typeof pushTo>;
  /** `PATCH 206`, or with more words where they are asked for. */
  log(): string[];
  /** Called before another try. */
  onSleep?: () => void;
}

export async function pushTo(repository: PushRepository, blob: TestBlob) {
  const upload = repository.blob(blob.descriptor);
  return await upload.find() ?? await upload.send(blob);
}

export function world(
  uploads: UploadRules = {},
  options: RegistryOptions = {},
  session: Partial<SessionOptions> & { login?: Credential } = {},
): World {
  const registry = new FakeRegistry({ uploads, ...options });
  const clock = fakeClock();
  registry.now = clock.options.now;
  const events: PullEvent[] = [];
  const { login, ...asked } = session;
  const sleep: SessionOptions["sleep"] = (milliseconds, signal) => {
    scene.onSleep?.();
    return clock.options.sleep(milliseconds, signal);
  };
  const open = (name = "team/app", shared?: PushShared) =>
    new PushRepository(parseReference(`registry.test/${name}`), {
      ...clock.options,
      sleep,
      fetch: registry.fetch,
      onEvent: (event) => void events.push(event),
      credentials: () =>
        Promise.resolve(login && { credential: login, source: "the test" }),
      ...asked,
    }, shared);
  const scene: World = {
    registry,
    events,
    clock,
    open,
    received: () =>
      registry.requests.reduce((sum, { received }) => sum + received, 0),
    push: (blob, shared) => pushTo(open(undefined, shared), blob),
    log: () =>
      registry.requests.map(({ method, status }) => `${method} ${status}`),
  };
  return scene;
}
