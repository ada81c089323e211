import { assert, assertEquals } from "@std/assert";
import { BUFFER_SIZE, BufferPool } from "../../lib/transfer/buffer_pool.ts";
import { test } from "../harness.ts";

test("BufferPool makes three buffers, and then lets wait for one", async () => {
  const pool = new BufferPool();
  const made = [pool.take(), pool.take(), pool.take()];
  for (const buffer of made) assert(buffer instanceof ArrayBuffer);
  assertEquals(new Set(made).size, 3);
  const first = pool.take();
  const second = pool.take();
  assert(first instanceof Promise && second instanceof Promise);
  const [buffer, other] = made as ArrayBuffer[];
  pool.give(buffer!);
  pool.give(other!);
  assert(await first === buffer);
  assert(await second === other);
  pool.give(other!);
  assert(pool.take() === other);
});

test("BufferPool replaces a buffer that has gone", () => {
  const pool = new BufferPool(1);
  const buffer = pool.take() as ArrayBuffer;
  structuredClone(buffer, { transfer: [buffer] });
  pool.give(buffer);
  assertEquals((pool.take() as ArrayBuffer).byteLength, BUFFER_SIZE);
});
