import { assertEquals, assertRejects } from "@std/assert";
import { reach } from "../../lib/net/reach.ts";
import { test } from "../harness.ts";

/** A way that answers or fails at once, or waits for its end. */
function way(outcome: Response | Error | undefined) {
  const seen = { asked: 0, ended: false };
  const ask = (signal: AbortSignal) => {
    seen.asked++;
    return new Promise<Response>((resolve, reject) => {
      signal.addEventListener("abort", () => {
        seen.ended = true;
        reject(signal.reason);
      });
      if (outcome instanceof Error) reject(outcome);
      else if (outcome) resolve(outcome);
    });
  };
  return { ask, seen };
}

async function run(
  one: ReturnType<typeof way>,
  other: ReturnType<typeof way>,
  signal?: AbortSignal,
) {
  const told: string[] = [];
  const response = await reach(one.ask, other.ask, {
    signal,
    silence: 5,
    onFirst: () => told.push("first"),
    onSecond: () => told.push("second"),
  });
  return { told, text: await response.text() };
}

test("reach() goes another way where the first one is silent", async () => {
  const [one, other] = [way(undefined), way(new Response("other"))];
  assertEquals(await run(one, other), { told: ["second"], text: "other" });
  assertEquals(one.seen, { asked: 1, ended: true });
});

test("reach() keeps to the first way where that answers or fails", async () => {
  const other = way(new Response("other"));
  const one = way(new Response("one"));
  assertEquals(await run(one, other), { told: ["first"], text: "one" });
  const failure = new Error("refused");
  const error = await assertRejects(() => run(way(failure), other));
  assertEquals(error, failure);
  assertEquals(other.seen.asked, 0);
});

test("reach() ends both ways with the signal", async () => {
  const [one, other] = [way(undefined), way(undefined)];
  const reason = new Error("stop");
  const controller = new AbortController();
  const both = {
    ...other,
    ask(signal: AbortSignal) {
      const asked = other.ask(signal);
      controller.abort(reason);
      return asked;
    },
  };
  const waiting = run(one, both, controller.signal);
  assertEquals(await assertRejects(() => waiting), reason);
  assertEquals([one.seen.ended, other.seen.asked], [true, 1]);
});
