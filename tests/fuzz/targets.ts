/** Everything that reads what others have written. */

import type { FileHandle } from "node:fs/promises";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import {
  neutralize,
  quoteForShell,
  truncate,
} from "../../cli/progress/text.ts";
import {
  changeAuths,
  parseAuthFile,
  readAuthEntry,
} from "../../lib/credentials/auth_file.ts";
import { findServerKey } from "../../lib/credentials/server_key.ts";
import { parseDigest } from "../../lib/image/digest.ts";
import { RangeRecord } from "../../lib/disk/range_record.ts";
import { DockerPullError } from "../../lib/image/errors.ts";
import {
  documentMediaType,
  parseConfig,
  parseIndex,
  parseManifest,
} from "../../lib/image/manifest.ts";
import { isIndex } from "../../lib/image/media_types.ts";
import {
  formatPlatform,
  parsePlatform,
  selectPlatform,
} from "../../lib/image/platform.ts";
import {
  familiarName,
  formatReference,
  parseReference,
} from "../../lib/image/reference.ts";
import { ArchiveImages } from "../../lib/archive/reader/images.ts";
import { LocalSource } from "../../lib/copy/sources/local.ts";
import { archiveName } from "../../lib/archive/name.ts";
import { parseChallenges } from "../../lib/registry/auth/challenge.ts";
import { describe, inlineData } from "../../lib/registry/document.ts";
import { parseErrorBody } from "../../lib/net/error_body.ts";
import { HttpClient } from "../../lib/net/http.ts";
import { parseMirrorUrl } from "../../lib/registry/mirrors/url.ts";
import { rangeOf } from "../../lib/net/range.ts";
import { readRateLimit } from "../../lib/registry/rate_limit.ts";
import { redactText, redactUrl } from "../../lib/redact/address.ts";
import { cleanText } from "../../lib/redact/clean.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { parseRetryAfter } from "../../lib/net/retry.ts";
import { nextPage } from "../../lib/registry/tags.ts";
import { requestToken } from "../../lib/registry/auth/token.ts";
import {
  layoutNames,
  updateLayoutIndex,
} from "../../lib/layout/layout_index.ts";
import { listTar } from "../../lib/archive/reader/tar_entries.ts";
import type { Document } from "../../lib/image/types.ts";
import { docker, docker2016, oci } from "../archive/reader/world.ts";
import { layerTar } from "../fixtures/mod.ts";
import { tar } from "../verify/world.ts";
import * as seeds from "./seeds.ts";

/** One parser. */
export interface Target {
  /** What it reads. */
  name: string;
  /** Real shapes. */
  seeds: readonly string[];
  /**
   * Reads a text; throws nothing but this library's errors.
   *
   * @param folder For files.
   */
  read(text: string, folder: string): unknown;
}

const encode = (text: string) => new TextEncoder().encode(text);
/** Bytes as characters, for what is no text. */
const latin = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));
const DIGEST = `sha256:${"0".repeat(64)}`;

function documentOf(text: string, mediaType = ""): Document {
  const bytes = encode(text);
  return {
    descriptor: { mediaType, digest: DIGEST, size: bytes.length },
    bytes,
  };
}

/** A header takes no more than these; the runtimes refuse the rest. */
function headerOf(text: string): string {
  return text.replaceAll(/[^\t\x20-\xff]/g, "").slice(0, 100_000).trim();
}

function answer(
  text: string,
  headers: Record<string, string>,
  status = 200,
): Response {
  return new Response(text, { status, headers });
}

const tarSeed = new Uint8Array(
  await new Response(layerTar({ files: { "a/b": "c", "d": "e" } }))
    .arrayBuffer(),
).reduce((text, byte) => text + String.fromCharCode(byte), "");

function tarHandle(bytes: Uint8Array): FileHandle {
  return {
    read(buffer: Uint8Array, offset: number, length: number, position: number) {
      const part = bytes.subarray(position, position + length);
      buffer.set(part, offset);
      return Promise.resolve({ bytesRead: part.length, buffer });
    },
  } as unknown as FileHandle;
}

/** What is shown must not steer a terminal. */
function assertHarmless(text: string): void {
  // deno-lint-ignore no-control-regex
  assert(!/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/.test(text), text);
}

/** All of them. */
export const TARGETS: readonly Target[] = [
  {
    name: "manifest or index",
    seeds: seeds.DOCUMENTS,
    read(text) {
      const document = documentOf(text);
      const type = documentMediaType(document.bytes, null, "manifest x");
      document.descriptor.mediaType = type;
      if (!isIndex(type)) return parseManifest(document);
      const { manifests } = parseIndex(document);
      return selectPlatform(manifests, { os: "linux", architecture: "amd64" });
    },
  },
  {
    name: "configuration",
    seeds: seeds.CONFIGS,
    read(text) {
      return parseConfig(documentOf(text), parseManifest(seeds.MANIFEST));
    },
  },
  {
    name: "inline data",
    seeds: ["eyJhIjoxfQ==", ""],
    read: (data) =>
      inlineData({ mediaType: "", digest: DIGEST, size: data.length, data }),
  },
  { name: "challenge", seeds: seeds.CHALLENGES, read: parseChallenges },
  {
    name: "challenge, followed",
    seeds: seeds.CHALLENGES,
    async read(text) {
      const repository = new Repository(parseReference("r.test/a:1"), {
        retries: 0,
        fetch: (url) =>
          Promise.resolve(
            url.includes("/v2/")
              ? answer("{}", { "www-authenticate": headerOf(text) }, 401)
              : answer('{"token":"x"}', {}),
          ),
      });
      await repository.fetchManifest("1");
    },
  },
  {
    name: "Content-Range",
    seeds: seeds.RANGES,
    read(text) {
      const descriptor = { mediaType: "", digest: DIGEST, size: 10 };
      const response = answer("", { "content-range": headerOf(text) }, 206);
      const place = rangeOf(response, descriptor, { offset: 3, end: 10 });
      assert(place === undefined || place.offset === 3);
    },
  },
  {
    name: "HEAD",
    seeds: [DIGEST, "7", "application/vnd.oci.image.manifest.v1+json"],
    read(text) {
      const header = headerOf(text);
      describe(
        answer("", {
          "docker-content-digest": header,
          "content-length": header,
          "content-type": header,
          "ratelimit-limit": header,
        }),
        "latest",
      );
      readRateLimit(
        new Headers({
          "ratelimit-remaining": header,
          "ratelimit-limit": header,
        }),
      );
    },
  },
  {
    name: "reference",
    seeds: seeds.REFERENCES,
    read(text) {
      const reference = parseReference(text);
      const full = formatReference(reference);
      assert(formatReference(parseReference(full)) === full, full);
      familiarName(reference);
      const name = archiveName(reference);
      assert(/^[\w.-]+\.tar$/.test(name) && name.length <= 255, name);
      assert(!/^(con|prn|aux|nul|com\d|lpt\d)\./i.test(name), name);
    },
  },
  {
    name: "platform",
    seeds: seeds.PLATFORMS,
    read(text) {
      const platform = parsePlatform(text);
      const { os, architecture } = parsePlatform(formatPlatform(platform));
      assert(os === platform.os && architecture === platform.architecture);
    },
  },
  { name: "digest", seeds: [DIGEST], read: parseDigest },
  {
    name: "Link",
    seeds: seeds.LINKS,
    read(text) {
      const base = new URL("https://r.test/v2/a/");
      const next = nextPage(text, new URL("tags/list", base), base);
      if (next === undefined) return;
      // As it is asked for.
      const url = new URL(`${base.pathname}${next}`, base);
      assert(url.href.startsWith(base.href), url.href);
    },
  },
  {
    name: "tags",
    seeds: seeds.TAGS,
    async read(text) {
      const repository = new Repository(parseReference("r.test/a:1"), {
        retries: 0,
        fetch: () => Promise.resolve(answer(text, { link: headerOf(text) })),
      });
      for (const tag of await repository.tags()) {
        assert(/^\w[\w.-]*$/.test(tag), tag);
      }
    },
  },
  {
    name: "Retry-After",
    seeds: seeds.RETRIES,
    read(text) {
      const wait = parseRetryAfter(text, 0);
      assert(wait === undefined || wait >= 0);
    },
  },
  {
    name: "error body",
    seeds: seeds.ERRORS,
    read(text) {
      for (const { code, message } of parseErrorBody(text)) {
        assertHarmless(code);
        assertHarmless(message);
      }
    },
  },
  {
    name: "token reply",
    seeds: seeds.TOKENS,
    async read(text) {
      const http = new HttpClient({
        retries: 0,
        fetch: () => Promise.resolve(answer(text, {})),
      });
      const { value, renewAt } = await requestToken(http, {
        registry: "r.test",
        origin: new URL("https://r.test"),
        realm: "https://auth.test/token",
        scopes: ["repository:a:pull"],
      });
      assert(/^[\x21-\x7e]+$/.test(value));
      assert(!Number.isNaN(renewAt));
    },
  },
  {
    name: "mirror",
    seeds: seeds.MIRRORS,
    read: parseMirrorUrl,
  },
  {
    name: "file of logins",
    seeds: seeds.LOGINS,
    read(text) {
      for (const legacy of [false, true]) {
        const { auths } = parseAuthFile(text, "auth.json", { legacy });
        findServerKey(Object.keys(auths), "r.test");
        for (const entry of Object.values(auths)) readAuthEntry(entry);
      }
      if (text.trim() === "") return;
      const changed = changeAuths(text, (auths) => {
        auths.set("r.test", { auth: "x" });
      });
      const { auths = {}, ...others } = JSON.parse(text);
      assertEquals(JSON.parse(changed), {
        ...others,
        auths: { ...auths, "r.test": { auth: "x" } },
      });
    },
  },
  {
    name: "index.json",
    seeds: seeds.LAYOUTS,
    read(text) {
      layoutNames(text);
      const manifest = {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: DIGEST,
        size: 7,
        platform: { os: "linux", architecture: "amd64" },
      };
      const name = "docker.io/library/nginx:latest";
      assert(layoutNames(updateLayoutIndex(text, name, manifest)).has(name));
    },
  },
  {
    name: "record",
    seeds: seeds.RECORDS,
    async read(text, folder) {
      const path = join(folder, "record");
      await writeFile(path, text);
      const header = { id: "a", size: 100, boot: "b" };
      const found = await RangeRecord.read(path, header);
      if (!found) return;
      for (
        const [start, end] of [...found.written.ranges, ...found.synced.ranges]
      ) {
        assert(0 <= start && start < end && end <= 100);
      }
    },
  },
  {
    name: "tar",
    seeds: [tarSeed],
    async read(text) {
      const bytes = latin(text);
      const listing = await listTar(tarHandle(bytes), bytes.length);
      for (const { size, offset } of listing?.entries ?? []) {
        assert(Number.isSafeInteger(size) && size >= 0);
        assert(Number.isSafeInteger(offset) && offset >= 0);
      }
    },
  },
  {
    name: "archive",
    seeds: [docker(), docker2016(), oci(), oci({}, true)].map((members) =>
      tar(members).toString("latin1")
    ),
    async read(text, folder) {
      const path = join(folder, "archive");
      await writeFile(path, latin(text));
      const spool = { folder: join(folder, "spool"), limit: 1_000_000 };
      const archive = await ArchiveImages.open(path, { spool });
      try {
        const reference = parseReference("r.test/a:1");
        for (const { descriptor } of await archive.images()) {
          const source = new LocalSource(
            archive,
            reference,
            new Map([["1", descriptor]]),
          );
          const document = await source.fetchManifest("1");
          if (isIndex(document.descriptor.mediaType)) continue;
          for (const layer of parseManifest(document).layers) {
            const region = await source.local(layer);
            if (!region) continue;
            // Nothing is read that is not in the file.
            assert(region.path === path && region.offset >= 512);
            assert(region.offset + layer.size <= text.length);
          }
        }
      } finally {
        await archive.close();
      }
    },
  },
  {
    name: "text to show",
    seeds: [...seeds.ERRORS, ...seeds.URLS],
    read(text) {
      assertHarmless(neutralize(text));
      assertHarmless(cleanText(text));
      truncate(text, 20);
      quoteForShell(text);
      redactText(text);
      redactUrl(text);
      redactText(text);
    },
  },
];

/** Whether an error is one that the library means to throw. */
export function isMeant(error: unknown): boolean {
  return error instanceof DockerPullError;
}
