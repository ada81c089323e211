/** Manifests, indexes and configurations. */

import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import type { Descriptor } from "../../../lib/image/types.ts";
import { MEDIA_TYPES } from "../../fixtures/image.ts";
import { image } from "../scene.ts";
import { entry, indexOf } from "./fields.ts";
import type { Row } from "./row.ts";
import { endless, filler, manifestWith, type World } from "./world.ts";

const { manifest, index } = MEDIA_TYPES.oci;
const ZERO = `sha256:${"0".repeat(64)}`;

/** An index that names an index, and so on, nine deep. */
function nest(world: World): void {
  let inner: Descriptor = world.hold(manifestWith({})).descriptor;
  for (let depth = 0; depth < 9; depth++) {
    const document = world.tag(
      indexOf({ ...inner, platform: image.platform }),
      index,
    );
    inner = document.descriptor;
  }
}

/** Manifests, indexes and configurations. */
export const documents: Row[] = [
  {
    what: "a manifest of 200 MB, announced",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, {
          "content-type": manifest,
          "content-length": "200000000",
        }, filler(200_000_000)),
    },
    ends: "InvalidDocumentError",
    says: /too-large/,
    requests: 3,
    bytes: 0,
  },
  {
    what: "a manifest of 200 MB, without a length",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, { "content-type": manifest }, filler(200_000_000)),
    },
    ends: "InvalidDocumentError",
    says: /too-large/,
    requests: 3,
    bytes: 4_500_000,
  },
  {
    what: "a manifest without end",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, { "content-type": manifest }, endless()),
    },
    ends: "InvalidDocumentError",
    says: /too-large/,
    requests: 3,
    bytes: 4_500_000,
  },
  {
    what: "a manifest that is a bomb of gzip, 200 MB in 200 KB",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, {
          "content-type": manifest,
          "content-encoding": "gzip",
        }, new Uint8Array(gzipSync(new Uint8Array(200_000_000)))),
    },
    ends: "InvalidDocumentError",
    says: /no-json/,
    bytes: 500_000,
  },
  {
    what: "a manifest that is cut short, without a length",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(
          200,
          { "content-type": manifest },
          image.manifest.bytes.slice(0, 100),
        ),
    },
    ends: "InvalidDocumentError",
    says: /no-json/,
    requests: 4,
  },
  {
    what: "a manifest that is shorter than announced",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, {
          "content-type": manifest,
          "content-length": "100000",
        }, image.manifest.bytes),
    },
    ends: "NetworkError",
    says: /of 100000 bytes came/,
  },
  {
    what: "a manifest of two megabytes of brackets",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(
          200,
          { "content-type": manifest },
          "[".repeat(1_000_000) + "]".repeat(1_000_000),
        ),
    },
    ends: "InvalidDocumentError",
    says: /ambiguous-nesting|no-json/,
  },
  {
    what: "a page in place of a manifest, as of a hotel's network",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(
          200,
          { "content-type": "text/html" },
          "<html><title>Sign in to continue</title></html>",
        ),
    },
    ends: "NetworkError",
    says: /r\.example answers with a web page, "Sign in to continue"/,
  },
  {
    what: "nothing in place of a manifest",
    answers: {
      manifest: (_sent, _count, world) => world.reply(204),
    },
    ends: "InvalidDocumentError",
    says: /no-json/,
  },
  {
    what: "a manifest of schema 1",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, {
          "content-type":
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
        }, '{"schemaVersion":1,"fsLayers":[]}'),
    },
    ends: "UnsupportedMediaTypeError",
    says: /schema-1/,
    requests: 8,
  },
  {
    what: "a manifest that its Content-Type calls an index",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, { "content-type": index }, image.manifest.bytes),
    },
    ends: "InvalidDocumentError",
    says: /ambiguous-type/,
    requests: 3,
  },
  {
    what: "other bytes than those of an index entry's digest",
    prepare: (world) => void world.tag(indexOf(entry({ digest: ZERO })), index),
    answers: {
      manifest: ({ url }, _count, world) =>
        url.pathname.endsWith(ZERO)
          ? world.reply(200, {
            "content-type": manifest,
            "docker-content-digest": ZERO,
          }, image.manifest.bytes)
          : undefined,
    },
    ends: "ContentMismatchError",
    says: /the bytes have digest/,
  },
  {
    what: "an index that names an index, for ever",
    prepare: nest,
    ends: "InvalidDocumentError",
    says: /index-too-deep/,
  },
  {
    what: "an index entry that is an index and was announced as a manifest",
    prepare: (world) => {
      const inner = world.hold(indexOf(entry({})), index);
      const { digest, size } = inner.descriptor;
      world.tag(indexOf(entry({ digest, size })), index);
    },
    ends: "InvalidDocumentError",
    says: /not-as-announced/,
  },
  {
    what: "an index of 11 000 entries",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(
          200,
          { "content-type": index },
          JSON.stringify(indexOf(...Array(11_000).fill(entry({})))),
        ),
    },
    ends: "InvalidDocumentError",
    says: /too-many-entries/,
    requests: 3,
  },
  {
    what: "an index without the platform, its names full of escape sequences",
    prepare: (world) =>
      void world.tag(
        indexOf(entry({
          platform: { os: "\x1b[2J\x1b]0;x\x07", architecture: "\u202eевил" },
        })),
        index,
      ),
    ends: "PlatformNotFoundError",
  },
  {
    what: "a Docker-Content-Digest with ../, which nobody believes",
    answers: {
      manifest: (_sent, _count, world) =>
        world.reply(200, {
          "content-type": manifest,
          "docker-content-digest": "sha256:../../x",
        }, image.manifest.bytes),
    },
    ends: "pulled",
    check: ({ zoo }) => {
      for (const { url } of zoo.sent) {
        assertEquals(url.href.includes(".."), false);
      }
    },
  },
];
