import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { combineCrc } from "../../lib/compression/crc32.ts";
import { Compressor } from "../../lib/compression/compress.ts";
import type { Compression } from "../../lib/compression/compression.ts";
import { Expander } from "../../lib/compression/expand.ts";
import { randomBytes } from "../fixtures/layer.ts";
import { test } from "../harness.ts";

const MIB = 1024 * 1024;
const skip = typeof zlib.zstdCompressSync !== "function" &&
  "this runtime knows no zstd";
const KINDS: [Compression, false | string][] = [["gzip", false], [
  "zstd",
  skip,
]];

/** Half of it compresses well. */
function sample(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of randomBytes(`sample ${size}`, Math.ceil(size / 2))) {
    bytes.set(part.subarray(0, size - at), at);
    at += part.length;
  }
  return bytes;
}

const expander = new Expander();
const expand = expander.expand.bind(expander);

async function* pieces(bytes: Uint8Array, size = 65_536) {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return Buffer.concat(parts);
}

const sha = (bytes: Uint8Array) =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function expanded(
  bytes: Uint8Array,
  compression: "none" | Compression,
  size?: number,
) {
  const stream = expand(pieces(bytes, size), {
    compression,
    algorithm: "sha256",
  });
  const parts: Uint8Array[] = [];
  while (true) {
    const { value, done } = await stream.next();
    if (done) return { bytes: Buffer.concat(parts), digest: value };
    parts.push(value.slice());
  }
}

async function compressed(
  bytes: Uint8Array,
  compression: Compression,
  { processors = 2, size = 65_536 } = {},
): Promise<Buffer> {
  const compressor = new Compressor(processors);
  try {
    return await joined(compressor.compress(pieces(bytes, size), compression));
  } finally {
    compressor.close();
  }
}

test("combineCrc() is the checksum of both pieces", () => {
  const bytes = sample(100_003);
  for (const cut of [0, 1, 2, 777, 65_536, bytes.length]) {
    const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assertEquals(
      combineCrc(zlib.crc32(first), zlib.crc32(second), second.length),
      zlib.crc32(bytes),
    );
  }
});

for (const [kind, skip] of KINDS) {
  test(`what is compressed with ${kind} expands again`, { skip }, async () => {
    for (const size of [0, 1, 1024, MIB, 4 * MIB, 9 * MIB + 5]) {
      const bytes = sample(size);
      const packed = await compressed(bytes, kind);
      const known = kind === "gzip"
        ? zlib.gunzipSync(packed)
        : zlib.zstdDecompressSync(packed);
      assert(known.equals(bytes), `${size}`);
      const found = await expanded(packed, kind);
      assert(found.bytes.equals(bytes), `${size}`);
      assertEquals(found.digest, sha(bytes));
    }
  });

  test(
    `${kind}: neither threads nor pieces change a byte`,
    { skip },
    async () => {
      const bytes = sample(9 * MIB + 5);
      const first = sha(await compressed(bytes, kind));
      for (
        const how of [
          { processors: 1 },
          { processors: 5 },
          { size: 777_777 },
          { size: 10 * MIB },
        ]
      ) assertEquals(sha(await compressed(bytes, kind, how)), first);
    },
  );

  test(
    `expand() takes several streams of ${kind} as one`,
    { skip },
    async () => {
      const [a, b] = [sample(300_000), sample(70_001)];
      const both = Buffer.concat([a, b]);
      const packed = Buffer.concat([
        await compressed(a, kind),
        await compressed(b, kind),
      ]);
      for (const size of [1000, 65_536, MIB]) {
        const found = await expanded(packed, kind, size);
        assert(found.bytes.equals(both));
      }
    },
  );

  test(`expand() says what is wrong with ${kind}`, { skip }, async () => {
    const packed = await compressed(sample(3 * MIB), kind);
    const odd = Buffer.from(packed);
    odd.fill(0xa5, 30, 3000);
    const { digest: other } = await expanded(odd, kind)
      .catch(() => ({ digest: undefined }));
    assert(other !== sha(sample(3 * MIB)));
    await assertRejects(
      () => expanded(Buffer.concat([packed, Buffer.alloc(600, 7)]), kind),
      Error,
    );
    const { digest } = await expanded(packed.subarray(0, -70_000), kind)
      .catch(() => ({ digest: undefined }));
    assert(digest !== sha(sample(3 * MIB)));
  });
}

test("expand() hashes what is not compressed", async () => {
  const bytes = sample(2 * MIB + 1);
  const found = await expanded(bytes, "none");
  assert(found.bytes.equals(bytes));
  assertEquals(found.digest, sha(bytes));
  assertEquals(
    (await expanded(new Uint8Array(), "none")).digest,
    sha(new Uint8Array()),
  );
});

test("expand() holds pieces only of what is a thousand times larger", async () => {
  const packed = zlib.gzipSync(new Uint8Array(200 * MIB));
  const stream = expand(pieces(packed), {
    compression: "gzip",
    algorithm: "sha256",
  });
  let size = 0;
  let most = 0;
  for await (const { length } of stream) {
    size += length;
    most = Math.max(most, length);
  }
  assertEquals(size, 200 * MIB);
  assert(most <= 2 * MIB, `${most}`);
});

test("expand() ends when nobody wants more", async () => {
  let ended = false;
  async function* endless() {
    try {
      while (true) yield await Promise.resolve(new Uint8Array(65_536));
    } finally {
      ended = true;
    }
  }
  for await (
    const _ of expand(endless(), { compression: "none", algorithm: "sha256" })
  ) break;
  assert(ended);
});

test("a compressor passes on why its bytes end", async () => {
  const compressor = new Compressor(2);
  async function* failing() {
    yield sample(3 * MIB);
    await Promise.resolve();
    throw new RangeError("no more");
  }
  await assertRejects(
    () => joined(compressor.compress(failing(), "gzip")),
    RangeError,
  );
  compressor.close();
});

test("expand() takes zstd of others", { skip }, async () => {
  const bytes = sample(20 * MIB);
  const { ZSTD_c_contentSizeFlag } = zlib.constants;
  const unknown = zlib.zstdCompressSync(bytes, {
    params: { [ZSTD_c_contentSizeFlag]: 0 },
  });
  const skippable = Buffer.from("502a4d1803000000abcdef", "hex");
  const tiny = ["", "a", "b".repeat(300), "c".repeat(70_000)]
    .map((text) => zlib.zstdCompressSync(Buffer.from(text)));
  const packed = Buffer.concat([
    skippable,
    unknown,
    skippable,
    zlib.zstdCompressSync(bytes),
    ...tiny,
    skippable,
  ]);
  const found = await expanded(packed, "zstd", 70_000);
  assertEquals(
    found.digest,
    sha(Buffer.concat([
      bytes,
      bytes,
      Buffer.from("a" + "b".repeat(300) + "c".repeat(70_000)),
    ])),
  );
  // A run of one byte, as large as can be, of a few bytes.
  const bomb = zlib.zstdCompressSync(new Uint8Array(100 * MIB));
  let most = 0;
  const stream = expand(pieces(bomb), {
    compression: "zstd",
    algorithm: "sha256",
  });
  for await (const { length } of stream) most = Math.max(most, length);
  assert(most <= 2 * MIB, `${most}`);
});

test("the threads that expand are ended", () => expander.close());
