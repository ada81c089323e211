import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { transportAdvice } from "../../../cli/options/transports.ts";
import { test } from "../../harness.ts";
import { run } from "../main_fixture.ts";

for (
  const [image, advice] of [
    ["docker-daemon:nginx:1", "docker-pull copy docker-daemon:nginx:1 DST"],
    ["docker-daemon:nginx:1", "docker-pull nginx:1 pulls"],
    ["containers-storage:nginx", "podman save --output FILE nginx writes"],
    ["containers-storage:[overlay@/x]nginx", "docker-pull IMAGE pulls"],
    ["oci:x", "docker-pull verify x checks that folder"],
    ["oci:/a/b:tag", "docker-pull --format oci --output /a/b IMAGE writes"],
    ["oci:/a/b:tag", "docker-pull copy oci:/a/b:tag DST copies from there"],
    ["docker-archive:x.tar", "docker-pull verify x.tar checks that file"],
    ["docker-archive:x.tar:nginx:1", "docker-pull --output x.tar IMAGE"],
    ["oci-archive:/t/a b.tar", "docker-pull verify PATH checks that file"],
    ["oci:", "docker-pull verify PATH checks that folder"],
    ["dir:/tmp/x", "skopeo copy reads it"],
    ["ostree:x@/repo", "skopeo copy reads it"],
  ] as const
) {
  test(`${image} is answered with what to type`, async () => {
    for (const argv of [[image], ["doctor", image], ["pull", image]]) {
      const { code, stderr, calls } = await run(argv);
      assertEquals([code, calls], [2, []]);
      assertStringIncludes(stderr, advice);
      assertStringIncludes(stderr, " is to skopeo ");
    }
  });
}

test("only the words of skopeo name a place", () => {
  for (
    const image of [
      "library/oci:1",
      "oci",
      "docker.io/library/oci:1",
      "ocix:1",
      "docker://nginx",
      "dir/x:1",
    ]
  ) assertEquals(transportAdvice(image), undefined);
});

test("a password in such a place is not shown", async () => {
  const { code, stderr } = await run(["docker-daemon:me:s3cret@host/x"]);
  assertEquals(code, 2);
  assert(!stderr.includes("s3cret"), stderr);
});

test("an option before a command alone is answered with its place", async () => {
  for (const command of ["login", "logout", "doctor", "verify"]) {
    const { code, stderr, calls } = await run(["-v", command]);
    assertEquals([code, calls], [2, []]);
    assertStringIncludes(stderr, `docker-pull ${command} [OPTIONS]`);
    assertStringIncludes(stderr, `library/${command}`);
  }
  const { calls } = await run(["-v", "library/login"]);
  assertEquals(calls.length, 1);
});
