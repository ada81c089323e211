import { assertEquals, assertThrows } from "@std/assert";
import {
  InvalidPlatformError,
  PlatformNotFoundError,
} from "../../lib/image/errors.ts";
import {
  comparePlatform,
  formatPlatform,
  isAttestation,
  normalizePlatform,
  parsePlatform,
  platformFallbacks,
  selectPlatform,
} from "../../lib/image/platform.ts";
import type { Descriptor, Platform } from "../../lib/image/types.ts";
import { test } from "../harness.ts";

/** As containerd normalises them. */
const SPELLINGS: [text: string, normal: string][] = [
  ["linux/amd64", "linux/amd64"],
  ["linux/x86_64", "linux/amd64"],
  ["linux/x86-64", "linux/amd64"],
  ["linux/amd64/v1", "linux/amd64"],
  ["linux/amd64/v2", "linux/amd64/v2"],
  ["linux/i386", "linux/386"],
  ["linux/386", "linux/386"],
  ["linux/aarch64", "linux/arm64"],
  ["linux/arm64/v8", "linux/arm64"],
  ["linux/arm64/8", "linux/arm64"],
  ["linux/arm64/v8.0", "linux/arm64"],
  ["linux/arm64/v9", "linux/arm64/v9"],
  ["linux/arm", "linux/arm/v7"],
  ["linux/arm/7", "linux/arm/v7"],
  ["linux/arm/v6", "linux/arm/v6"],
  ["linux/armhf", "linux/arm/v7"],
  ["linux/armel", "linux/arm/v6"],
  ["linux/armv7l", "linux/arm/v7"],
  ["linux/armv7", "linux/arm/v7"],
  ["linux/armv7hl", "linux/arm/v7"],
  ["linux/armv6l", "linux/arm/v6"],
  ["linux/armv5tel", "linux/arm/v5"],
  ["linux/armv5tejl", "linux/arm/v5"],
  ["linux/armv8l", "linux/arm/v8"],
  ["linux/armv8", "linux/arm64"],
  ["linux/arm64v8", "linux/arm64"],
  ["linux/arm32v6", "linux/arm/v6"],
  ["linux/i686", "linux/386"],
  ["linux/x86", "linux/386"],
  ["linux/mips64el", "linux/mips64le"],
  ["linux/loongarch64", "linux/loong64"],
  ["armv7l", "linux/arm/v7"],
  ["armv6l/v5", "linux/arm/v5"],
  ["linux/ppc64le", "linux/ppc64le"],
  ["LINUX/AMD64", "linux/amd64"],
  ["macos/arm64", "darwin/arm64"],
  ["windows/amd64", "windows/amd64"],
  ["freebsd/amd64", "freebsd/amd64"],
  ["amd64", "linux/amd64"],
  ["arm", "linux/arm/v7"],
  ["arm/v6", "linux/arm/v6"],
  ["arm64", "linux/arm64"],
  ["aarch64", "linux/arm64"],
  ["s390x", "linux/s390x"],
  [" linux/arm64 ", "linux/arm64"],
  ["windows(10.0.17763.1)/amd64", "windows(10.0.17763.1)/amd64"],
  ["windows/amd64:10.0.17763", "windows(10.0.17763)/amd64"],
  ["linux(6.1)/arm/v6", "linux(6.1)/arm/v6"],
];

for (const [text, normal] of SPELLINGS) {
  test(`parsePlatform() makes ${normal} of ${text}`, () => {
    assertEquals(formatPlatform(parsePlatform(text)), normal);
  });
}

for (
  const text of [
    "",
    "/",
    "linux",
    "linux/",
    "/amd64",
    "linux//v7",
    "linux/arm/v7/x",
    "windows",
    "linux amd64",
    "linux/amd64\u001b[31m",
    "linux/$(x)",
    "windows(10.0.17763.1)",
    "windows()/amd64",
    "windows(x)/amd64",
    "windows(10)/amd64:10",
    "windows/amd64:",
    "windows/amd64:ltsc2019",
  ]
) {
  test(`parsePlatform() rejects ${JSON.stringify(text)}`, () => {
    assertThrows(() => parsePlatform(text), InvalidPlatformError);
  });
}

/** What containerd's `Only()` accepts, best first. */
const FALLBACKS: [wanted: string, order: string[]][] = [
  ["linux/amd64", ["linux/amd64", "linux/386"]],
  ["linux/amd64/v3", [
    "linux/amd64/v3",
    "linux/amd64/v2",
    "linux/amd64",
    "linux/386",
  ]],
  ["linux/arm64", [
    "linux/arm64",
    "linux/arm/v8",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/arm/v5",
  ]],
  ["linux/arm/v7", ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]],
  ["linux/arm/v8", [
    "linux/arm/v8",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/arm/v5",
  ]],
  ["linux/arm/v5", ["linux/arm/v5"]],
  ["linux/386", ["linux/386"]],
  ["linux/s390x", ["linux/s390x"]],
  ["linux/riscv64", ["linux/riscv64"]],
  ["windows/amd64", ["windows/amd64", "windows/386"]],
];

for (const [wanted, order] of FALLBACKS) {
  test(`platformFallbacks() of ${wanted}`, () => {
    assertEquals(
      platformFallbacks(parsePlatform(wanted)).map(formatPlatform),
      order,
    );
    for (const [i, text] of order.entries()) {
      assertEquals(
        comparePlatform(parsePlatform(text), parsePlatform(wanted)),
        i === 0 ? "exact" : "fallback",
      );
    }
  });
}

test("comparePlatform() says none for what does not run", () => {
  const compare = (actual: string, wanted: string) =>
    comparePlatform(parsePlatform(actual), parsePlatform(wanted));
  assertEquals(compare("linux/arm64", "linux/amd64"), "none");
  assertEquals(compare("linux/amd64", "linux/386"), "none");
  assertEquals(compare("linux/arm/v7", "linux/arm/v6"), "none");
  assertEquals(compare("windows/amd64", "linux/amd64"), "none");
});

function entry(
  platform: Platform | undefined,
  more: Partial<Descriptor> = {},
): Descriptor {
  return {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
    ...(platform && { platform }),
    ...more,
  };
}

const linux = (architecture: string, variant?: string) =>
  entry({ os: "linux", architecture, ...(variant && { variant }) });
const unknown = entry({ os: "unknown", architecture: "unknown" }, {
  annotations: { "vnd.docker.reference.type": "attestation-manifest" },
});

test("selectPlatform() takes the best of several", () => {
  const entries = [
    unknown,
    linux("386"),
    linux("arm", "v6"),
    linux("arm", "v7"),
    linux("arm64", "v8"),
    linux("amd64"),
  ];
  const select = (text: string) => {
    const { platform, fallback } = selectPlatform(entries, parsePlatform(text));
    return [formatPlatform(normalizePlatform(platform!)), fallback];
  };
  assertEquals(select("linux/amd64"), ["linux/amd64", false]);
  assertEquals(select("linux/arm64"), ["linux/arm64", false]);
  assertEquals(select("linux/arm/v8"), ["linux/arm/v7", true]);
  assertEquals(select("linux/arm/v6"), ["linux/arm/v6", false]);
  assertEquals(select("linux/amd64/v3"), ["linux/amd64", true]);
});

test("selectPlatform() takes the first of equals", () => {
  const entries = [linux("amd64"), linux("amd64")];
  entries[0]!.size = 7;
  const { descriptor } = selectPlatform(entries, parsePlatform("amd64"));
  assertEquals(descriptor.size, 7);
});

test("selectPlatform() takes an entry that names no platform", () => {
  const entries = [unknown, entry(undefined)];
  const choice = selectPlatform(entries, parsePlatform("s390x"));
  assertEquals(choice.descriptor, entries[1]);
  assertEquals(choice.platform, undefined);
});

test("selectPlatform() names what there is, attestations left out", () => {
  const error = assertThrows(
    () =>
      selectPlatform(
        [linux("amd64"), linux("arm64", "v8"), unknown],
        parsePlatform("linux/s390x"),
      ),
    PlatformNotFoundError,
    "linux/s390x: the image has linux/amd64, linux/arm64",
  );
  assertEquals(error.available.length, 2);
});

test("selectPlatform() rejects an index of attestations alone", () => {
  assertThrows(
    () => selectPlatform([unknown], parsePlatform("amd64")),
    PlatformNotFoundError,
    "the image has none",
  );
});

test("isAttestation() goes by platform or annotation", () => {
  assertEquals(isAttestation(unknown), true);
  assertEquals(
    isAttestation(entry({ os: "unknown", architecture: "unknown" })),
    true,
  );
  assertEquals(isAttestation(linux("amd64")), false);
  assertEquals(isAttestation(entry(undefined)), false);
});

test("selectPlatform() takes the build that is asked for, the newest revision of it", () => {
  const versions = [
    "10.0.20348.5",
    "10.0.17763.9",
    "10.0.17763.10",
    "10.0.1776",
  ];
  const entries = [undefined, ...versions].map((version) =>
    entry({
      os: "windows",
      architecture: "amd64",
      ...(version && { "os.version": version }),
    })
  );
  const select = (text: string) =>
    selectPlatform(entries, parsePlatform(text)).platform!["os.version"];
  assertEquals(select("windows/amd64:10.0.17763.9"), "10.0.17763.9");
  assertEquals(select("windows/amd64:10.0.17763.8"), "10.0.17763.10");
  assertEquals(select("windows/amd64:10.0.17763"), "10.0.17763.10");
  assertEquals(select("windows/amd64:10.0"), "10.0.20348.5");
  assertEquals(select("windows/amd64:10.0.1776"), "10.0.1776");
  // One that says none may be of any.
  assertEquals(select("windows/amd64:6.3"), undefined);
});

test("selectPlatform() takes no layer and no artifact for an image", () => {
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" };
  assertThrows(
    () =>
      selectPlatform(
        [entry(undefined, layer), linux("amd64")],
        parsePlatform("s390x"),
      ),
    PlatformNotFoundError,
    "linux/amd64",
  );
});

test("selectPlatform() tells Windows versions apart by their order", () => {
  const windows = (version: string) =>
    entry({ os: "windows", architecture: "amd64", "os.version": version });
  const entries = [windows("10.0.20348.1"), windows("10.0.17763.1")];
  const { descriptor } = selectPlatform(
    entries,
    parsePlatform("windows/amd64"),
  );
  assertEquals(descriptor, entries[0]);
});
