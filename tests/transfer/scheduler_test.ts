import { assert, assertEquals } from "@std/assert";
import type { Piece } from "../../lib/transfer/blob.ts";
import { Scheduler } from "../../lib/transfer/scheduler.ts";
import { test } from "../harness.ts";
import { blobOf } from "./scheduled_blob.ts";

const MIB = 1024 * 1024;

/** All pieces, where the connections are equally fast; the first is done first. */
function play(connections: number, ...sizes: number[]): Piece[] {
  const scheduler = new Scheduler(connections);
  for (const size of sizes) scheduler.add(blobOf(size));
  const pieces: Piece[] = [];
  const active: Piece[] = [];
  for (;;) {
    while (active.length < connections) {
      const piece = scheduler.take();
      if (!piece) break;
      pieces.push(piece);
      active.push(piece);
    }
    const done = active.shift();
    if (!done) return pieces;
    done.received = done.position = done.end;
    done.blob.pieces.delete(done);
    const { pending } = done.blob;
    if (pending.total + done.blob.pieces.size === 0) {
      scheduler.delete(done.blob);
    }
  }
}

test("the connections that share a blob go through it together", () => {
  const size = 1000 * MIB;
  const pieces = play(3, size);
  let end = 0;
  for (const piece of pieces) {
    assertEquals(piece.start, end); // in order
    assert(piece.end - piece.start <= 72 * MIB);
    end = piece.end;
  }
  assertEquals(end, size);
  // No more requests than that takes.
  assert(pieces.length <= 20, `${pieces.length}`);
});

test("with a blob for each connection, a piece is a fair share of all", () => {
  const pieces = play(3, 480 * MIB, 280 * MIB, 190 * MIB, 110 * MIB, 60 * MIB);
  const [first, second, third] = pieces.map(({ start, end }) => end - start);
  assertEquals(first, Math.ceil((1120 * MIB) / 3));
  assertEquals([second, third], [280 * MIB, 190 * MIB]);
});
