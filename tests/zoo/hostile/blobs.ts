/** Layers and configurations: ranges, sizes, and bytes without end. */

import { assert } from "@std/assert";
import { image } from "../scene.ts";
import type { Row } from "./row.ts";
import { type Answers, endless, SILENCE, type World } from "./world.ts";

const layer = image.layers[0]!;
const bytes = image.blobs.get(layer.digest)!;

/** The storage's answers to requests for the first layer. */
function storage(
  answer: (range: string | null, count: number, world: World) =>
    | Response
    | undefined,
): Answers {
  const counts = new WeakMap<World, number>();
  return {
    storage: ({ url, headers }, _count, world) => {
      if (!url.pathname.includes(layer.digest.slice(7))) return undefined;
      const count = (counts.get(world) ?? 0) + 1;
      counts.set(world, count);
      return answer(headers.get("range"), count, world);
    },
  };
}

/** Breaks off, so that the rest is asked for by a range. */
function half(world: World): Response {
  const { body, headers } = world.reply(200, {
    "content-length": `${bytes.length}`,
  }, () => bytes.slice(0, 40_000));
  const cut = new TransformStream<Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      controller.error(new TypeError("connection closed before the end"));
    },
  });
  return new Response(body!.pipeThrough(cut), { headers });
}

/** What is said of the rest, after the first half: the whole helps. */
const RANGES: [what: string, range: string][] = [
  ["another place", "bytes 0-49999/LENGTH"],
  ["more than was asked for", "bytes 40000-999999999/LENGTH"],
  ["an end before its beginning", "bytes 40000-39999/LENGTH"],
  ["numbers beyond numbers", `bytes 40000-${"9".repeat(400)}/*`],
  ["no numbers", "bytes */*"],
  ["another size of the whole", "bytes 40000-49999/77"],
];

const ranges: Row[] = RANGES.map(([what, range]) => ({
  what: `a Content-Range that lies: ${what}`,
  answers: storage((asked, count, world) =>
    count === 1 ? half(world) : asked === null ? undefined : world.reply(206, {
      "content-range": range.replace("LENGTH", `${bytes.length}`),
    }, bytes.slice(40_000))
  ),
  ends: "pulled",
  requests: 20,
}));

/** A range for whoever asked for the whole. */
const unasked = storage((_range, _count, world) =>
  world.reply(206, { "content-range": "bytes 5-9/10" }, "12345")
);

/** Layers and configurations. */
export const blobs: Row[] = [
  ...ranges,
  {
    what: "a range for whoever asked for the whole",
    answers: unasked,
    ends: "ContentMismatchError",
    says: /10 bytes instead of/,
    requests: 20,
  },
  {
    what: "a multipart answer, for whoever asked for the whole",
    answers: storage((_range, _count, world) =>
      world.reply(206, {
        "content-type": "multipart/byteranges; boundary=x",
      }, "--x--")
    ),
    ends: "RegistryError",
    says: /in answer to a request for the whole blob/,
    requests: 20,
  },
  {
    what: "a layer of other bytes, of the right size",
    answers: storage((_range, _count, world) =>
      world.reply(200, {}, new Uint8Array(bytes.length))
    ),
    ends: "ContentMismatchError",
    says: /the bytes have digest/,
    requests: 20,
  },
  {
    what: "a layer of another size",
    answers: storage((_range, _count, world) =>
      world.reply(200, { "content-length": "7" }, "1234567")
    ),
    ends: "ContentMismatchError",
    says: /7 bytes instead of/,
    requests: 20,
  },
  {
    what: "a layer without end",
    answers: storage((_range, _count, world) =>
      world.reply(200, {}, endless())
    ),
    ends: "ContentMismatchError",
    requests: 20,
  },
  {
    what: "a layer that is always cut short, without a word",
    answers: storage((_range, _count, world) =>
      world.reply(200, {}, bytes.slice(0, 1000))
    ),
    ends: "NetworkError",
    requests: 40,
  },
  {
    what: "a layer of which no byte ever comes",
    answers: storage((_range, _count, world) => world.reply(200, {}, SILENCE)),
    options: { timeout: 60, retries: 1 },
    ends: "NetworkError",
    requests: 20,
  },
  {
    what: "a storage that never has the range",
    answers: storage((_range, count, world) =>
      count === 1
        ? half(world)
        : world.reply(416, { "content-range": `bytes */${bytes.length}` })
    ),
    ends: "RegistryError",
    says: /HTTP 416/,
    requests: 20,
  },
  {
    what: "a storage that is always busy",
    answers: storage((_range, _count, world) => world.reply(503)),
    ends: "RegistryError",
    says: /HTTP 503/,
    requests: 40,
  },
  {
    what: "a configuration without end",
    answers: {
      config: (_sent, _count, world) => world.reply(200, {}, endless()),
    },
    ends: "InvalidDocumentError",
    says: /too-large/,
  },
  {
    what: "a configuration of other bytes",
    answers: {
      config: (_sent, _count, world) => world.reply(200, {}, "{}"),
    },
    ends: "ContentMismatchError",
    check: ({ zoo }) =>
      assert(
        zoo.log().filter((line) =>
          line.endsWith(image.config.descriptor.digest)
        ).length <= 2,
      ),
  },
];
