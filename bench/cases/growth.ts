/** How cost grows: with connections, layers, bytes and images. */

import type { Case } from "../cases.ts";
import { type OwnOptions, ownRow, type Row } from "../rows.ts";
import { curlRow } from "../peers.ts";
import { type Context, MB, RATE } from "./context.ts";
import { large } from "./memory.ts";

const CONNECTIONS = [1, 2, 4, 8, 16, 32, 64];
const LAYERS = [1, 5, 10, 25, 50, 75, 100, 125];
const SIZES = [0.01, 0.1, 1, 10, 100, 1000, 5000, 20_000]
  .map((size) => size * MB);
const IMAGES = [1, 5, 10, 20, 50, 100];

function some(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** The cases. */
export function growthCases(context: Context): Case[] {
  const { first, commands, scaled, tools } = context;
  const group = "growth";
  const common = {
    group,
    image: undefined,
    base: [],
    targets: [],
    maxRuns: 2,
  };
  /** A line for each command. */
  const rows = (
    xs: number[],
    options: (x: number) => OwnOptions & { name: string },
    by = commands,
  ): Row[] =>
    xs.flatMap((x) =>
      by.map((command) => ({
        ...ownRow(command, { verify: false, ...options(x) }),
        point: { x, series: command.label },
      }))
    );
  const [total = 0, shared = 0, one = 0] = scaled([500 * MB, 50 * MB, 10 * MB]);
  const paced = scaled([200 * MB]);
  const connections = (count: number) => ({
    name: some(count, "connection"),
    args: ["--max-concurrent-downloads", String(count)],
  });
  return [{
    ...common,
    id: "growth-connections",
    title: "500 MB in 4 layers over 1 to 64 connections",
    growth: { axis: "connections", powers: true },
    rows: rows(CONNECTIONS, (count) => ({
      ...connections(count),
      zeros: { layers: 4, size: total / 4 },
    })),
  }, {
    ...common,
    id: "growth-paced",
    title: "200 MB in one layer over 1 to 64 connections of 20 MB/s each",
    image: context.image("paced", [200 * MB]),
    line: { pace: RATE },
    growth: { axis: "connections", powers: true },
    rows: CONNECTIONS.flatMap((count) => [
      ...rows([count], connections, [first]),
      {
        ...curlRow(tools, {
          name: `curl, ${some(count, "range")}`,
          connections: count,
          piece: Math.ceil(paced[0]! / count) + 512,
        }),
        point: { x: count, series: "curl, as many ranges" },
      },
    ]).map((row) => ({
      ...row,
      missing: row.missing ?? tools.missing.pace,
    })),
  }, {
    ...common,
    id: "growth-layers",
    title: "500 MB in 1 to 125 layers",
    growth: { axis: "layers" },
    rows: rows(LAYERS, (layers) => ({
      name: some(layers, "layer"),
      zeros: { layers, size: Math.round(total / layers) },
    })),
  }, {
    ...common,
    id: "growth-size",
    title: "10 kB to 20 GB in 4 layers",
    growth: { axis: "bytes of all layers", bytes: true, powers: true },
    rows: rows(scaled(SIZES), (size) => ({
      ...large(size),
      name: size < MB
        ? `${size / 1000} kB`
        : size < 1000 * MB
        ? `${size / MB} MB`
        : `${size / 1000 / MB} GB`,
      zeros: { layers: 4, size: Math.round(size / 4) },
    })),
  }, {
    ...common,
    id: "growth-images",
    title: "1 to 100 images that share 200 MB, with 10 MB of its own each, \
in one archive",
    growth: { axis: "images" },
    rows: rows(IMAGES, (images) => ({
      name: some(images, "image"),
      zeros: { layers: 4, size: shared, own: { layers: 1, size: one }, images },
    })),
  }];
}
