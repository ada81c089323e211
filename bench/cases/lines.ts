/** Slow lines: what connections are used for. */

import type { Case } from "../cases.ts";
import { curlRow, rivalRows } from "../peers.ts";
import { lacking, type Row, type Tools } from "../rows.ts";
import { type Context, MB, RATE } from "./context.ts";

const SKEWED = [64, 7.2, 7.2, 7.2, 7.2, 7.2].map((size) => size * MB);
const ONE = [475 * MB];
const MANY = 16;
/** A gigabit a second, 30 ms there and back, one packet of a thousand lost. */
const LINK = { rate: 125 * MB, latency: 30, loss: 0.001, control: "reno" };
const LOSSY = [60, 25, 10, 5].map((size) => size * MB);
/** What curl asks for at a time there; the best of a few that were tried. */
const PIECE = 2 * MB;

function connections(count: number): string[] {
  return ["--max-concurrent-downloads", String(count)];
}

/** The rows, where there is what their line is made with. */
function wanting(tools: Tools, name: string, rows: Row[]): Row[] {
  const missing = lacking(tools, name);
  return rows.map((row) => ({ ...row, missing: row.missing ?? missing }));
}

/** The cases. */
export function lineCases(context: Context): Case[] {
  const { tools, ownFirst, named, image, atMost, ofIdeal, scaled } = context;
  const group = "lines";
  const base = ["curl"];
  const rivals = [curlRow(tools, { connections: 3 }), ...rivalRows(tools)];
  const lossy = image("lossy", LOSSY);
  const most = Math.max(...lossy.layers);
  const total = lossy.layers.reduce((sum, size) => sum + size);
  const many = `${MANY} connections`;
  const parts = `curl, ${MANY} parts at once`;
  const piecewise = `curl, pieces of 2 MB over ${many}`;
  return [{
    id: "one-layer",
    group,
    title: "One layer of 475 MB, 20 MB/s a connection",
    image: image("one", ONE),
    line: { rate: RATE },
    maxRuns: 3,
    base,
    // What has one connection takes its 24 seconds each time.
    rows: [
      ...rivals.map((row): Row => ({ ...row, maxRuns: 1 })),
      ...ownFirst({}),
    ],
    targets: [ofIdeal("", 1.05, ONE, 3)],
  }, {
    id: "skewed",
    group,
    title:
      "6 layers of which one is 64 % of 100 MB, 20 MB/s a connection, 20 ms",
    image: image("skewed", SKEWED),
    line: { rate: RATE, latency: 20 },
    maxRuns: 3,
    base,
    rows: [...rivals, ...ownFirst({})],
    targets: [ofIdeal("", 1.2, SKEWED, 3)],
  }, {
    id: "small",
    group,
    title: "100 layers of 10 kB, 50 ms",
    image: { name: "bench/small", layers: Array(100).fill(10_000) },
    line: { latency: 50 },
    maxRuns: 3,
    base,
    rows: [
      ...rivals,
      ...ownFirst({}, { name: many, args: connections(MANY) }),
    ],
    targets: [
      atMost("", "wall", 0.45, "crane pull"),
      atMost(many, "wall", 0.2, "crane pull"),
    ],
  }, {
    id: "sixteen",
    group,
    title: `One layer of 475 MB over ${many}, 20 MB/s a connection`,
    note: "The kernel itself paces each connection of a proxy that copies \
nothing.",
    image: image("one", ONE),
    line: { pace: RATE },
    base: [parts],
    rows: wanting(tools, "pace", [
      curlRow(tools, {
        name: parts,
        connections: MANY,
        piece: Math.ceil(scaled(ONE)[0]! / MANY) + 512,
      }),
      ...ownFirst({ name: many, args: connections(MANY) }),
    ]),
    targets: [ofIdeal(many, 1.1, ONE, MANY)],
  }, {
    id: "lossy",
    group,
    title: `100 MB in 4 layers over ${many}, 1 Gb/s, 30 ms, 0.1 % lost`,
    note: "A link between two network namespaces: a program between two TUN \
devices holds each packet for 15 ms each way, sends them at 1 Gb/s out of a \
buffer of one round trip, and drops one in a thousand each way; TCP does the \
rest, with Reno at the far end, which CUBIC is like at such loss. curl asks for ranges of the same blobs.",
    image: lossy,
    line: { link: LINK },
    base: [piecewise],
    rows: wanting(tools, "link", [
      curlRow(tools, {
        name: parts,
        connections: MANY,
        piece: Math.max(1, Math.min(most, Math.ceil(total / (MANY - 2)))),
      }),
      curlRow(tools, { name: piecewise, connections: MANY, piece: PIECE }),
      ...ownFirst({ name: many, args: connections(MANY) }),
    ]),
    targets: [atMost(many, "wall", 1.05, [parts, piecewise])],
  }, {
    id: "lossy-three",
    group,
    title: "30 MB in 4 layers over 3 connections of the same link",
    image: image("lossy-small", LOSSY.map((size) => 0.3 * size)),
    line: { link: LINK },
    base: ["curl, pieces of 2 MB"],
    rows: wanting(tools, "link", [
      curlRow(tools, {
        name: "curl, pieces of 2 MB",
        connections: 3,
        piece: PIECE,
      }),
      ...ownFirst({}),
    ]),
    targets: [
      { ...atMost("", "wall", 1.05, "curl, pieces of 2 MB"), row: named("") },
    ],
  }];
}
