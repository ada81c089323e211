import { assertEquals } from "@std/assert";
import { Outages } from "../../../cli/progress/outages.ts";
import { describeOutage } from "../../../cli/progress/lines.ts";
import { test } from "../../harness.ts";
import { blob, MB, received, retry } from "./fixture.ts";

const layer = blob("a1", MB);

test("Outages makes one of many connections, and ends it when it is sure", () => {
  const outages = new Outages();
  assertEquals(outages.apply(retry(1, 999), 0), undefined, "a short wait");
  assertEquals(outages.at(0), []);
  const begun = outages.apply(retry(1, 2000), 0);
  assertEquals(begun?.host, "r.example");
  assertEquals(outages.apply(retry(1, 3000), 10), undefined);
  // What comes over another connection before the tries says nothing.
  outages.apply(received(layer, 1), 1000);
  assertEquals(outages.takeEnded(1000), []);
  assertEquals(outages.at(1000).map(({ next }) => next), [2000]);
  assertEquals(outages.at(2500).map(({ next }) => next), [3010]);
  assertEquals(outages.at(3500).map(({ next }) => next), [undefined]);
  // Nor does what comes right after one that is refused again.
  outages.apply(received(layer, 2), 3020);
  outages.apply(retry(2, 4000), 3100);
  assertEquals(outages.takeEnded(6000), []);
  outages.apply(received(layer, 3), 7200);
  outages.apply(received(layer, 4), 7900);
  assertEquals(outages.takeEnded(8599), []);
  const ended = outages.takeEnded(8600);
  assertEquals(ended.map(({ since, end }) => [since, end]), [[0, 7200]]);
  assertEquals(outages.at(8600), []);
});

test("Outages knows no host for what is wrong or slow, and one for what is nameless", () => {
  const outages = new Outages();
  outages.fallback = "docker.io";
  outages.apply(retry(1, 5000, { code: "content" }), 0);
  outages.apply(retry(1, 0, { code: "slow" }), 0);
  assertEquals(outages.at(0), []);
  outages.apply(retry(1, 5000, { code: "slow", host: "s.example" }), 0);
  assertEquals(
    outages.at(0).map((outage) => describeOutage(outage, 0)),
    ["s.example sends next to nothing; next try in 5 s, 1 of 5"],
  );
  outages.apply(received(layer, 1), 6000);
  assertEquals(outages.takeEnded(7000).length, 1);
  outages.apply(retry(1, 5000, { host: undefined }), 0);
  assertEquals(outages.at(0).map(({ host }) => host), ["docker.io"]);
});
