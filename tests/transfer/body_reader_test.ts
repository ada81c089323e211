/** A body that is read in larger pieces than it comes in. */

import { assertEquals, assertRejects } from "@std/assert";
import { BodyReader } from "../../lib/transfer/body_reader.ts";
import { test } from "../harness.ts";

test("what came of a body before it broke off is read, whatever was waited for", async () => {
  const chunk = 65_536;
  let left = 11;
  const broken = new Error("broken");
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(chunk));
      else controller.error(broken);
    },
  }, { highWaterMark: 0 });
  const reader = new BodyReader(body);
  let count = 0;
  const error = await assertRejects(async () => {
    for (;;) {
      const bytes = await reader.read(new ArrayBuffer(2 ** 20), 2 ** 20);
      count += bytes!.length;
    }
  });
  assertEquals(error, broken);
  assertEquals(count, 11 * chunk);
});
