import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../../harness.ts";
import { reportLines } from "../../../cli/messages/report.ts";
import { createStyle } from "../../../cli/progress/style.ts";
import type { PullResult } from "../../../lib/copy/pull_result.ts";
import { parseReference } from "../../../lib/image/reference.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const style = createStyle({}, {});

function result(changes: Partial<PullResult> = {}): PullResult {
  return {
    reference: parseReference("nginx"),
    digest: DIGEST,
    manifest: { mediaType: "x/y", digest: DIGEST, size: 1 },
    imageId: DIGEST,
    platform: { os: "linux", architecture: "amd64" },
    path: "library_nginx_latest.tar",
    size: 71_300_000,
    upToDate: false,
    layers: 4,
    cachedLayers: 3,
    downloaded: 26_100_000,
    saved: 45_200_000,
    resumed: 0,
    elapsed: 3000,
    downloadTime: 2610,
    ...changes,
  } as PullResult;
}

test("reportLines() says all that there is to say", () => {
  assertEquals(reportLines(result(), { cache: true, style }), [
    "Saved:  library_nginx_latest.tar (71.3 MB)",
    "Image:  docker.io/library/nginx:latest, linux/amd64",
    `Digest: ${DIGEST}`,
    "Time:   3.0s, 26.1 MB downloaded at 10 MB/s",
    "💾 Cache Statistics: Cache hits: 3/4 layers (75.0%), Data saved: 45.2 MB",
    "",
    "docker load -i library_nginx_latest.tar",
  ]);
});

test("reportLines() names the image that is found where an index was asked for", () => {
  const manifest = {
    mediaType: "x/y",
    digest: `sha256:${"c".repeat(64)}`,
    size: 1,
  };
  const lines = (reference: string) =>
    reportLines(result({ manifest, reference: parseReference(reference) }), {
      cache: true,
      style,
    });
  assertEquals(lines(`nginx@${DIGEST}`).slice(2, 4), [
    `Digest: ${DIGEST}`,
    `Name:   docker.io/library/nginx@${manifest.digest}`,
  ]);
  for (const reference of ["nginx", `nginx:1@${DIGEST}`]) {
    const [, , digest, next] = lines(reference);
    assertEquals([digest, next!.slice(0, 5)], [`Digest: ${DIGEST}`, "Time:"]);
  }
});

test("reportLines() suits what was done", () => {
  const text = (changes: Partial<PullResult>, cache = true) =>
    reportLines(result(changes), { cache, style }).join("\n");
  assertStringIncludes(
    text({ downloaded: 0, cachedLayers: 4 }),
    "Time:   3.0s, nothing downloaded\n" +
      "💾 Cache Statistics: Cache hits: 4/4 layers (100.0%)",
  );
  assertStringIncludes(
    text({ resumed: 10_000_000 }),
    ", 10 MB resumed from an earlier run",
  );
  assertStringIncludes(
    text({ layers: 0, cachedLayers: 0, saved: 0 }),
    "Cache hits: 0/0 layers (0.0%), Data saved: 0 B",
  );
  assertEquals(text({}, false).includes("💾"), false);
  const unchanged = text({ upToDate: true });
  assertStringIncludes(unchanged, "Up to date: library_nginx_latest.tar");
  assertEquals(unchanged.includes("Time:"), false);
  assertStringIncludes(unchanged, "Cache hits: 3/4 layers");
});

test("reportLines() says what takes a layout", () => {
  const lines = reportLines(result({ path: "a layout" }), {
    cache: true,
    style,
    format: "oci",
  });
  assertEquals(
    lines.at(-1),
    "podman pull 'oci:a layout:docker.io/library/nginx:latest'",
  );
});

test("reportLines() writes a command that the shell takes", () => {
  const last = (path: string, os = "linux") =>
    reportLines(result({ path }), { cache: true, style, os }).at(-1);
  assertEquals(last("my images/a.tar"), "docker load -i 'my images/a.tar'");
  assertEquals(last("C:\\my a.tar", "win32"), 'docker load -i "C:\\my a.tar"');
  assertEquals(last("a\x1b[2J.tar"), "docker load -i 'a\\x1b[2J.tar'");
});
