/** The images that the benchmark makes up. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { seededText } from "../../bench/seed.ts";
import { readMetrics } from "../../bench/docker_registry.ts";
import {
  blobs,
  manifestOf,
  readRepository,
  repositoriesOf,
  slice,
  type Zeros,
} from "../../bench/zero_image.ts";
import { test } from "../harness.ts";

interface Layer {
  digest: string;
  size: number;
}

function layersOf(repository: string): Layer[] {
  const text = new TextDecoder().decode(manifestOf(repository)!);
  return JSON.parse(text).layers;
}

test("a repository's name says what is in it", () => {
  const zeros: Zeros = {
    layers: 2,
    size: 1000,
    own: { layers: 1, size: 20 },
    images: 3,
  };
  const names = repositoriesOf(zeros);
  assertEquals(names, ["", "/1", "/2"].map((end) => `zeros/2x1000-1x20${end}`));
  assertEquals(names.map(readRepository).map((found) => found?.image), [
    0,
    1,
    2,
  ]);
  assertEquals(repositoriesOf({ layers: 1, size: 9.6 }), ["zeros/1x10"]);
  assertEquals(readRepository("zeros/x"), undefined);
  assertEquals(manifestOf("other/1x10"), undefined);
});

test("images share the lower layers and have those of their own", () => {
  const [first, second] = ["zeros/2x1000-1x20", "zeros/2x1000-1x20/1"]
    .map((name) => layersOf(name).map(({ digest }) => digest));
  assertEquals(first!.slice(0, 2), second!.slice(0, 2));
  assert(first![2] !== second![2]);
  assertEquals(new Set(first).size, 3);
});

test("a layer of zeros has the digest and size that it says", () => {
  for (const { digest, size } of layersOf("zeros/1x700-2x3000/5")) {
    const hash = createHash("sha256");
    let length = 0;
    for (const bytes of slice(blobs.get(digest)!, 0, size)) {
      hash.update(bytes);
      length += bytes.length;
    }
    assertEquals(`sha256:${hash.digest("hex")}`, digest);
    assertEquals(length, size);
  }
});

test("text is of its size, the same each time, and compresses as layers do", () => {
  const make = (seed: string, size: number) => {
    const chunks = [...seededText(seed, size)];
    return chunks.flatMap((chunk) => [...chunk]);
  };
  const text = make("a", 1_500_000);
  assertEquals(text.length, 1_500_000);
  assertEquals(make("a", 1000), make("a", 1000));
  assert(`${make("a", 1000)}` !== `${make("b", 1000)}`);
  const ratio = gzipSync(Uint8Array.from(text)).length / text.length;
  assert(ratio > 0.2 && ratio < 0.6, `${ratio}`);
});

test("the reference registry's metrics are added up", () => {
  assertEquals(
    readMetrics([
      "# HELP registry_http_requests_total Total",
      `registry_http_requests_total{code="200",handler="blob"} 3`,
      `registry_http_requests_total{code="404",handler="manifest"} 1`,
      `registry_http_response_size_bytes_sum{handler="blob"} 1.5e+03`,
      `registry_http_request_size_bytes_sum{handler="blob"} 20`,
      `registry_http_response_size_bytes_count{handler="blob"} 9`,
    ].join("\n")),
    { bytes: 1500, requests: 4, received: 20 },
  );
});
