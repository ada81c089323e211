/** On to other registries, into a daemon, in another compression. */

import { compressRows, copyRows, loadRows, pushRows, save } from "../carry.ts";
import type { Case } from "../cases.ts";
import { type Context, FIVE, MB } from "./context.ts";

/** The cases. */
export function carryCases(context: Context): Case[] {
  const { tools, commands, first, named, image, atMost, byEach } = context;
  const group = "carry";
  const five = image("five", FIVE);
  const text = image("text", [250, 250, 250, 250].map((size) => size * MB));
  const skopeo = "skopeo copy --dest-compress-format zstd";
  return [{
    id: "push",
    group,
    title: "A push of 1.1 GB in 5 layers",
    note: "To a registry on the same machine that is empty before each run; \
the same again, to one that has it all.",
    image: five,
    setUp: (job) => save(first, job),
    base: ["crane push"],
    maxRuns: 4,
    rows: pushRows(tools, commands),
    targets: byEach(
      atMost("push", "wall", 1, "crane push"),
      atMost("push", "wall", 1, "regctl image import"),
      atMost("push", "wall", 1, "oras copy"),
      atMost("the same again", "received", 0.01, named("push")),
    ),
  }, {
    id: "copy",
    group,
    title: "The same from one registry to another",
    image: five,
    base: ["crane copy"],
    maxRuns: 3,
    rows: copyRows(tools, commands.slice(0, 1)),
    targets: [
      atMost("copy", "wall", 1, "crane copy"),
      atMost("copy", "wall", 1, "regctl image copy"),
      atMost("copy", "wall", 1, "oras copy"),
    ],
  }, {
    id: "load",
    group,
    title: "1.1 GB into Docker",
    note: "The time until the daemon has it, which takes most of that; \
processor time and memory are those of the clients.",
    image: five,
    base: ["crane pull + docker load"],
    maxRuns: 3,
    rows: loadRows(tools, first),
    targets: [
      atMost("-o - into docker load", "wall", 1, "crane pull + docker load"),
      atMost("--load", "wall", 1, named("-o x.tar + docker load")),
    ],
  }, {
    id: "recompress",
    group,
    title: "1 GB of text in 4 layers of gzip, compressed anew with zstd",
    image: { ...text, content: "text" },
    base: [skopeo],
    maxRuns: 2,
    rows: compressRows(tools, commands.slice(0, 1)),
    targets: [atMost("--layers zstd", "wall", 1, skopeo)],
  }];
}
