/** What holds for every reference, platform and document. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { archiveName } from "../../lib/archive/name.ts";
import {
  DockerPullError,
  InvalidDigestError,
  InvalidPlatformError,
  InvalidReferenceError,
} from "../../lib/image/errors.ts";
import { parseDigest } from "../../lib/image/digest.ts";
import {
  documentMediaType,
  parseConfig,
  parseIndex,
  parseManifest,
} from "../../lib/image/manifest.ts";
import {
  comparePlatform,
  formatPlatform,
  normalizePlatform,
  parsePlatform,
  platformFallbacks,
  selectPlatform,
} from "../../lib/image/platform.ts";
import {
  familiarName,
  formatReference,
  parseReference,
} from "../../lib/image/reference.ts";
import type { Platform } from "../../lib/image/types.ts";
import { test } from "../harness.ts";
import {
  digests,
  documentValues,
  platforms,
  references,
} from "./arbitraries.ts";
import { runs } from "./runs.ts";

/** The error that a parser may throw, or what it gives. */
function attempt<T>(
  parse: () => T,
  type: new (...args: never[]) => Error,
): T | undefined {
  try {
    return parse();
  } catch (error) {
    assert(error instanceof type, String(error));
    assert(!/\.$/.test(error.message), error.message);
    return undefined;
  }
}

test("every reference is the same when written out and read again", () => {
  fc.assert(
    fc.property(references, (reference) => {
      assertEquals(parseReference(formatReference(reference)), reference);
      assertEquals(parseReference(familiarName(reference)), reference);
    }),
    runs(500),
  );
});

test("any text is a reference or an error with a position in it", () => {
  const parts = fc.constantFrom(
    ..."a A 0 . _ - / : @ [ ] % sha256: docker.io localhost library".split(" "),
    "f".repeat(64),
    "\u001b[31m",
    " ",
  );
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.array(parts, { maxLength: 12 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (text) => {
      try {
        const reference = parseReference(text);
        assertEquals(parseReference(formatReference(reference)), reference);
        assert(reference.tag !== undefined || reference.digest !== undefined);
        assert(/^[A-Za-z0-9._-]{1,250}\.tar$/.test(archiveName(reference)));
      } catch (error) {
        assert(error instanceof InvalidReferenceError, String(error));
        assert(error.position >= 0 && error.position <= text.length);
        // deno-lint-ignore no-control-regex
        assert(!/[\u0000-\u001f\u007f]/.test(error.message), error.message);
      }
    }),
    runs(1_000),
  );
});

test("every platform is the same when written out and read again", () => {
  fc.assert(
    fc.property(platforms, (platform) => {
      const normal = normalizePlatform(platform);
      assertEquals(normalizePlatform(normal), normal);
      assertEquals(parsePlatform(formatPlatform(normal)), normal);
      const fallbacks = platformFallbacks(platform);
      assertEquals(fallbacks[0], normal);
      const names = fallbacks.map(formatPlatform);
      assertEquals(new Set(names).size, names.length);
      assertEquals(comparePlatform(platform, platform), "exact");
    }),
    runs(500),
  );
});

test("any text is a platform or an error", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const platform = attempt(() => parsePlatform(text), InvalidPlatformError);
      if (!platform) return;
      assertEquals(parsePlatform(formatPlatform(platform)), platform);
    }),
    runs(1_000),
  );
});

test("the best entry of an index is chosen, wherever it stands", () => {
  const entries = fc.uniqueArray(platforms, {
    maxLength: 6,
    selector: (platform) => formatPlatform(normalizePlatform(platform)),
  });
  const entry = (platform: Platform) => ({
    mediaType: "",
    digest: "",
    size: 0,
    platform,
  });
  fc.assert(
    fc.property(entries, platforms, (available, wanted) => {
      const choose = (platforms: Platform[]) =>
        attempt(
          () => selectPlatform(platforms.map(entry), wanted).platform,
          DockerPullError,
        );
      const choice = choose(available);
      assertEquals(choice, choose(available.toReversed()));
      const ranks = platformFallbacks(wanted).map(formatPlatform);
      const names = available.map((each) =>
        formatPlatform(normalizePlatform(each))
      );
      const best = ranks.find((name) => names.includes(name));
      assertEquals(choice && formatPlatform(normalizePlatform(choice)), best);
    }),
    runs(500),
  );
});

test("any text is a digest or an error", () => {
  fc.assert(
    fc.property(fc.oneof(digests, fc.string({ unit: "binary" })), (text) => {
      const parts = attempt(() => parseDigest(text), InvalidDigestError);
      if (parts) assertEquals(`${parts.algorithm}:${parts.hex}`, text);
    }),
    runs(500),
  );
});

test("any JSON is a document or an error of this library", () => {
  const manifest = { schemaVersion: 2 as const, layers: [] };
  const config = { mediaType: "", digest: "", size: 0 };
  fc.assert(
    fc.property(fc.oneof(documentValues, fc.jsonValue()), (value) => {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      const descriptor = { mediaType: "", digest: "d", size: bytes.length };
      const document = { descriptor, bytes };
      attempt(() => documentMediaType(bytes, null, "d"), DockerPullError);
      attempt(
        () => parseConfig(document, { ...manifest, config }),
        DockerPullError,
      );
      const index = attempt(() => parseIndex(document), DockerPullError);
      for (const { digest, size } of index?.manifests ?? []) {
        parseDigest(digest);
        assert(Number.isSafeInteger(size) && size >= 0);
      }
      const image = attempt(() => parseManifest(document), DockerPullError);
      assert(!index || !image, "one document, two readings");
      for (const { digest, size } of image?.layers ?? []) {
        parseDigest(digest);
        assert(Number.isSafeInteger(size) && size >= 0);
      }
    }),
    runs(1_000),
  );
});
