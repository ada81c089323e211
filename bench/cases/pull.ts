/** A registry on the same machine: what the program itself costs. */

import { join } from "node:path";
import type { Case } from "../cases.ts";
import { crowdRow, curlRow, floorRow, otherRows, rivalRows } from "../peers.ts";
import { EMPTY_SCRIPT, ownRow, type Row } from "../rows.ts";
import { togetherRows } from "../together.ts";
import { type Context, FIVE, MB } from "./context.ts";

const CP = "cp of the cached layers";
const AT_ONCE = 8;
const CLIENTS = 50;

/** The cases. */
export function pullCases(context: Context): Case[] {
  const { tools, commands, first, own, named, image, atMost, noMore, byEach } =
    context;
  const group = "pull";
  const five = image("five", FIVE);
  const served = image("served", [60, 30, 10].map((size) => size * MB));
  const registry = `docker-registry to ${CLIENTS} clients`;
  const set = "20 images that share layers";
  return [{
    id: "loopback",
    group,
    title: "1.1 GB in 5 layers, registry on the same machine",
    image: five,
    base: ["C floor", "curl"],
    rows: [
      floorRow(tools, 1),
      floorRow(tools, 2),
      curlRow(tools, { connections: 3 }),
      ...rivalRows(tools),
      ...own({ name: "no cache" }, { name: "cache filled", cache: true }),
    ],
    targets: byEach(
      atMost("no cache", "wall", 1.1, "C floor"),
      atMost("no cache", "cpu", 1.2, "C floor"),
      atMost("no cache", "wall", 0.9, "oras copy (layout)"),
      atMost("no cache", "wall", 0.7, "crane pull"),
      atMost("cache filled", "wall", 1.1, "C floor, two files"),
      atMost("cache filled", "cpu", 1.2, "C floor, two files"),
    ),
  }, {
    id: "others",
    group,
    title: "The same, by those that unpack it or want it as a file of Docker's",
    image: five,
    maxRuns: 2,
    base: [named("no cache")],
    rows: [
      ...context.ownFirst({ name: "no cache" }),
      ...otherRows(tools),
    ],
    targets: [],
  }, {
    id: "tls",
    group,
    title: "The same over TLS",
    image: five,
    maxRuns: 3,
    base: ["crane pull"],
    rows: [
      ...rivalRows(tools, "tls"),
      ...own({ name: "no cache", secure: "tls", args: ["--insecure"] }),
    ],
    targets: byEach(atMost("no cache", "wall", 0.6, "crane pull")),
  }, {
    id: "cached",
    group,
    title: "The same when all of it is cached",
    image: five,
    base: [CP],
    rows: [
      {
        name: CP,
        keep: ["cache"],
        setUp: (job) => ownRow(first, { cache: true }).commands(job),
        commands: ({ folder }) => [
          ["cp", "-r", join(folder, "cache"), join(folder, "copy")],
        ],
      },
      ...own(
        { name: "tar removed", cache: true, keep: ["cache"] },
        {
          name: "tar removed, --trust-cache",
          cache: true,
          keep: ["cache"],
          args: ["--trust-cache"],
        },
        { name: "unchanged", cache: true, keep: "everything" },
      ),
    ],
    targets: byEach(
      atMost("tar removed", "wall", 1.3, CP),
      noMore("unchanged", "wall", 0.12),
      noMore("unchanged", "requests", 1),
    ),
  }, {
    id: "set",
    group,
    title: "20 images that share 300 of 350 MB, in one command and one archive",
    note: "Beside one image of the same 24 layers; the registry makes up \
zeros as it sends them.",
    image: undefined,
    base: [named("one image")],
    rows: own(
      {
        name: "one image",
        verify: false,
        zeros: zeros(context, 20),
      },
      {
        name: set,
        verify: false,
        zeros: { ...zeros(context, 1), images: 20 },
      },
    ),
    targets: byEach(
      atMost(set, "wall", 1.15, named("one image")),
      atMost(set, "bytes", 1.01, named("one image")),
      atMost(set, "written", 1.01, named("one image")),
    ),
  }, {
    id: "together",
    group,
    title: `${AT_ONCE} pulls of 1.1 GB at once that share a cache`,
    note: "Each writes a file of its own, which is what the row of cp costs.",
    image: five,
    maxRuns: 2,
    base: [named("one pull")],
    rows: togetherRows(tools, first, AT_ONCE),
    targets: [
      atMost(`${AT_ONCE} pulls at once`, "bytes", 1.01, named("one pull")),
      atMost(`${AT_ONCE} pulls at once`, "cpu", 1.2, named("one pull")),
    ],
  }, {
    id: "serve",
    group,
    title: `100 MB served to ${CLIENTS} clients at once`,
    note: "CPU and memory are those of the server; the registry's memory is \
what it took for the cases before, too.",
    image: served,
    base: [registry],
    rows: [
      crowdRow(tools, CLIENTS, { name: registry }),
      ...commands.flatMap(({ label, command }) => [
        crowdRow(tools, CLIENTS, { name: `${label}, serve`, served: command }),
        crowdRow(
          tools,
          CLIENTS,
          { name: `${label}, serve a tenth of it`, served: command },
          Math.min(...served.layers) * 1.1,
        ),
      ]),
    ],
    targets: byEach(atMost("serve", "wall", 1.25, registry)),
  }, {
    id: "start",
    group,
    title: "Start-up",
    image: undefined,
    repeat: 4,
    base: [EMPTY_SCRIPT],
    rows: [
      { name: EMPTY_SCRIPT, commands: () => [context.emptyScript] },
      ...commands.flatMap(({ label, command, empty }): Row[] => [
        ...empty
          ? [{ name: `${label}, nothing`, commands: () => [empty] }]
          : [],
        ...["--version", "--help"].map((flag): Row => ({
          name: `${label}, ${flag}`,
          commands: () => [[...command, flag]],
        })),
      ]),
    ],
    targets: commands.flatMap(({ label, empty }, index) =>
      empty || index === 0
        ? [
          atMost(
            "--version",
            "wall",
            1.5,
            empty ? `${label}, nothing` : EMPTY_SCRIPT,
          ),
        ].map((target) => ({ ...target, row: `${label}, --version` }))
        : []
    ),
  }];
}

/** Four layers of 75 MB, and of 2.5 MB one for each image, or all in one. */
function zeros({ scaled }: Context, layers: number) {
  const [size = 0, own = 0] = scaled([75 * MB, 2.5 * MB]);
  return { layers: 4, size, own: { layers, size: own } };
}
