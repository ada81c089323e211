/** What a caller of the library gets for a slip of the pen. */
import { from } from "../transfer/blobs.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  createTransport,
  diagnose,
  openRepository,
  parseReference,
  pull,
  type PullOptions,
  Repository,
  verifyImage,
} from "../../mod.ts";
import { transferBlobs } from "../../lib/transfer/transfer.ts";
import { test } from "../harness.ts";

const fetch = () => Promise.reject(new Error("nothing is to be asked for"));
const image = parseReference("r.test/a");

/** Whatever is given, as a program without types would give it. */
const wrong = (options: Record<string, unknown>) => options as PullOptions;
const kind = (error: unknown) => (error as Error).constructor;

for (
  const [options, type, name] of [
    [{ timeout: Infinity }, RangeError, "timeout Infinity"],
    [{ timeout: NaN }, RangeError, "timeout NaN"],
    [{ timeout: 2 ** 31 }, RangeError, "timeout 2147483648"],
    [{ timeout: 0 }, RangeError, "timeout 0"],
    [{ timeout: "30" }, TypeError, "timeout"],
    [{ maxWait: -1 }, RangeError, "maxWait -1"],
    [{ minSpeed: NaN }, RangeError, "minSpeed NaN"],
    [{ retries: 1.5 }, RangeError, "retries 1.5"],
    [{ concurrency: 1e9 }, RangeError, "concurrency 1000000000"],
    [{ concurrency: 0 }, RangeError, "concurrency 0"],
    [{ format: "zip" }, RangeError, "format"],
    [{ cacheDir: true }, TypeError, "cacheDir"],
    [{ signal: {} }, TypeError, "signal"],
    [{ onEvent: "x" }, TypeError, "onEvent"],
    [{ plattform: "linux/arm64" }, TypeError, '"plattform"'],
    [{ hasOwnProperty: 1 }, TypeError, '"hasOwnProperty"'],
  ] as const
) {
  test(`pull() refuses ${Object.keys(options)}: ${Object.values(options)}`, async () => {
    const error = await assertRejects(
      () => pull("r.test/a", wrong({ fetch, cacheDir: false, ...options })),
      type,
      name,
    );
    assertEquals(kind(error), type);
  });
}

test("pull() refuses what is no image's name, and a list of options", async () => {
  for (const given of [undefined, null, 5, {}, [], { registry: "r.test" }]) {
    await assertRejects(
      () => pull(given as unknown as string, { fetch, cacheDir: false }),
      TypeError,
      "Cannot pull: the image is neither a text nor a reference",
    );
  }
  await assertRejects(
    () => pull("r.test/a", wrong([] as unknown as Record<string, unknown>)),
    TypeError,
    "the options are no object",
  );
});

test("openRepository() refuses a text for a reference, and no fetch", () => {
  assertThrows(
    () => openRepository("r.test/a" as unknown as typeof image, { fetch }),
    TypeError,
    "the image is no reference",
  );
  for (
    const make of [
      openRepository,
      (a: typeof image, b: PullOptions) =>
        new Repository(a, b as { fetch: typeof fetch }),
    ]
  ) {
    assertThrows(
      () => make(image, wrong({}) as { fetch: typeof fetch }),
      TypeError,
      "there is no fetch",
    );
  }
});

test("pull() never tells a value that may be a secret", async () => {
  const error = await assertRejects(
    () => pull("r.test/a", wrong({ credentials: "user:secret" })),
    TypeError,
    "credentials",
  );
  assertEquals(`${error}`.includes("secret"), false);
});

test("every call with options refuses those that there are not", async () => {
  const options = { fetch, retrys: 3 };
  for (
    const open of [
      () => new Repository(image, options),
      () => openRepository(image, options),
      () => createTransport({ retrys: 3 } as Record<string, unknown>),
    ]
  ) assertThrows(open, TypeError, "retrys");
  for (
    const call of [
      () => diagnose(image, options),
      () => verifyImage("x.tar", { retrys: 3 } as Record<string, unknown>),
      () => transferBlobs(from([], { fetchBlob: fetch }), wrong({ retrys: 3 })),
    ]
  ) await assertRejects(call, TypeError, "retrys");
});

test("every call with options refuses values out of their range", async () => {
  assertThrows(
    () => new Repository(image, { fetch, timeout: NaN }),
    RangeError,
    "timeout",
  );
  assertThrows(
    () => openRepository(image, { fetch, retries: -1 }),
    RangeError,
    "retries",
  );
  await assertRejects(
    () => diagnose(image, { fetch, timeout: Infinity }),
    RangeError,
    "timeout",
  );
  await assertRejects(
    () => transferBlobs(from([], { fetchBlob: fetch }), { concurrency: 1e9 }),
    RangeError,
    "concurrency",
  );
});

test("undefined is no value at all", async () => {
  await assertRejects(
    () =>
      pull("r.test/a", {
        fetch,
        cacheDir: false,
        timeout: undefined,
        format: undefined,
        retries: 0,
      }),
    Error,
    "nothing is to be asked for",
  );
});
