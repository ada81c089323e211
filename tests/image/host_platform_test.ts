import { assertEquals } from "@std/assert";
import { type HostFacts, hostPlatform } from "../../lib/image/host_platform.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import { test } from "../harness.ts";

const FACTS: [HostFacts, string][] = [
  [{ arch: "x64", endianness: "LE" }, "linux/amd64"],
  [{ arch: "arm64", endianness: "LE" }, "linux/arm64"],
  [{ arch: "ppc64", endianness: "LE" }, "linux/ppc64le"],
  [{ arch: "ppc64", endianness: "BE" }, "linux/ppc64"],
  [{ arch: "s390x", endianness: "BE" }, "linux/s390x"],
  [{ arch: "mipsel", endianness: "LE" }, "linux/mipsle"],
  [{ arch: "arm", endianness: "LE", armVersion: "6" }, "linux/arm/v6"],
  [{ arch: "arm", endianness: "LE", armVersion: 7 }, "linux/arm/v7"],
  [{ arch: "arm", endianness: "LE", armVersion: "default" }, "linux/arm/v7"],
  [{ arch: "arm", endianness: "LE" }, "linux/arm/v7"],
  [{ arch: "arm64", endianness: "LE", armVersion: "8" }, "linux/arm64"],
];

for (const [facts, platform] of FACTS) {
  test(`hostPlatform() of ${JSON.stringify(facts)} is ${platform}`, () => {
    assertEquals(formatPlatform(hostPlatform(facts)), platform);
  });
}

test("hostPlatform() knows this machine", () => {
  assertEquals(hostPlatform().os, "linux");
});
