import { assert, assertEquals } from "@std/assert";
import { archiveName } from "../../lib/archive/name.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { test } from "../harness.ts";

const HEX = "0123456789abcdef".repeat(4);

const NAMES: [reference: string, platform: string | undefined, name: string][] =
  [
    ["nginx", undefined, "library_nginx_latest.tar"],
    ["nginx:1.27-alpine", undefined, "library_nginx_1.27-alpine.tar"],
    ["user/app:1", undefined, "user_app_1.tar"],
    [
      "harbor.company.com/dev/app:v1.2.0",
      undefined,
      "harbor.company.com_dev_app_v1.2.0.tar",
    ],
    ["localhost:5000/a/b/c:1", undefined, "localhost_5000_a_b_c_1.tar"],
    ["[::1]:5000/a:1", undefined, "___1__5000_a_1.tar"],
    ["nginx", "linux/arm64", "library_nginx_latest_arm64.tar"],
    ["nginx", "linux/arm/v7", "library_nginx_latest_arm-v7.tar"],
    ["nginx", "windows/amd64", "library_nginx_latest_windows-amd64.tar"],
    [`nginx@sha256:${HEX}`, undefined, "library_nginx_sha256-0123456789ab.tar"],
    [
      `nginx:1@sha256:${HEX}`,
      "arm64",
      "library_nginx_1_sha256-0123456789ab_arm64.tar",
    ],
  ];

for (const [reference, platform, name] of NAMES) {
  test(`archiveName() of ${reference.slice(0, 40)} for ${platform} is ${name}`, () => {
    assertEquals(
      archiveName(
        parseReference(reference),
        platform === undefined ? undefined : parsePlatform(platform),
      ),
      name,
    );
  });
}

test("archiveName() leaves room for a suffix in 255 bytes", () => {
  const reference = parseReference(
    `${"h".repeat(60)}.io/${"a/".repeat(127)}a:${
      "t".repeat(128)
    }@sha256:${HEX}`,
  );
  const name = archiveName(reference, parsePlatform("linux/arm/v7"));
  assert(name.length <= 220, String(name.length));
  assert(name.endsWith(`${"t".repeat(128)}_sha256-0123456789ab_arm-v7.tar`));
});
