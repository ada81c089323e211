/** The cases, with what must be reached in each. */

import type { ImageSpec } from "./push.ts";
import {
  crowdRow,
  EMPTY_SCRIPT,
  type OwnCommand,
  ownRow,
  peerRows,
  type Programs,
  type Row,
  type Zeros,
} from "./rows.ts";
import type { Line } from "./servers.ts";

/** A figure that must be reached. */
export interface Target {
  /** In words. */
  text: string;
  /** The row that must reach it. */
  row: string;
  /** Which of its figures. */
  metric: "wall" | "cpu" | "memory" | "requests";
  /** What the figure is divided by: another row's, or a number. */
  over: string | number;
  /** The most that may come out. */
  most: number;
  /** What comes out, for the reader: `×`, `s`, `MiB`, or nothing. */
  unit: string;
}

/** Rows that fetch the same thing, and what must come of it. */
export interface Case {
  /** For `--cases`. */
  id: string;
  /** The heading of its table. */
  title: string;
  /** The image: pushed to a registry, or made of zeros. */
  image: ImageSpec | Zeros | undefined;
  /** The line between it and the clients; loopback as it is without one. */
  line?: Line;
  /** How many times as many runs as asked for, for short ones. */
  repeat?: number;
  /** At most so many runs, for long ones that vary little. */
  maxRuns?: number;
  /** What runs in alternation. */
  rows: Row[];
  /** What must be reached. */
  targets: Target[];
  /** Whether the archive must also load with skopeo. */
  load?: boolean;
}

/** What the cases are made from. */
export interface CaseOptions {
  /** The peers there are. */
  programs: Programs;
  /** The ways to start docker-pull; the first must reach the targets. */
  commands: OwnCommand[];
  /** An empty script in the runtime that runs this. */
  emptyScript: string[];
  /** What sizes are multiplied by. */
  scale: number;
}

const MB = 1_000_000;
const RATE = 20 * MB;
const CONNECTIONS = 3;

/** All the cases. */
export function makeCases(options: CaseOptions): Case[] {
  const { commands, scale } = options;
  const [first] = commands;
  if (first === undefined) throw new TypeError("there is no command");
  const peers = peerRows(options.programs);
  const some = (...names: string[]) =>
    peers.filter(({ name }) => names.includes(name));
  // Those that bring an image as fast as they can.
  const rivals = some(
    "curl",
    "crane pull",
    "oras copy (layout)",
    "regctl image export",
    "skopeo copy (layout)",
  );
  const scaled = (sizes: number[]) =>
    sizes.map((size) => Math.round(size * scale));
  const { label } = first;
  const own = (...options: Parameters<typeof ownRow>[1][]) =>
    commands.flatMap((command) =>
      options.map((option) => ownRow(command, option))
    );
  const { curl } = options.programs;
  const crowd = curl && crowdRow(curl, 50);
  const wall = (row: string, over: string | number, most: number): Target => ({
    text: typeof over === "string"
      ? `time ≤ ${most} × ${over}`
      : `time ≤ ${most} × bytes ÷ (3 × 20 MB/s)`,
    row: row ? `${label}, ${row}` : label,
    metric: "wall",
    over,
    most,
    unit: "×",
  });
  const ideal = (sizes: number[]) =>
    scaled(sizes).reduce((sum, size) => sum + size) / (CONNECTIONS * RATE);

  // The sizes are in the name, because a folder that is kept may have both.
  const image = (name: string, sizes: number[]): ImageSpec => {
    const layers = scaled(sizes);
    const size = layers.reduce((sum, size) => sum + size);
    return { name: `bench/${name}-${Math.ceil(size / MB)}mb`, layers };
  };

  const five = [480, 280, 190, 110, 60].map((size) => size * MB);
  const skewed = [64, 7.2, 7.2, 7.2, 7.2, 7.2].map((size) => size * MB);
  const least = 100 * MB * scale;
  const memory = [least, 10 * least, 80 * least];
  const memoryName = (size: number, connections: number) =>
    `${Math.round(size / MB)} MB, ${connections} connections`;

  return [{
    id: "loopback",
    title: "1.1 GB in 5 layers, registry on the same machine",
    image: image("five", five),
    rows: [
      ...peers,
      ...own(
        { name: "no cache" },
        { name: "cache filled", cache: true },
        { name: "all cached, tar removed", cache: true, keep: "cache" },
        {
          name: "all cached, --trust-cache",
          cache: true,
          keep: "cache",
          args: ["--trust-cache"],
        },
        { name: "unchanged", cache: true, keep: "everything" },
      ),
    ],
    targets: [
      wall("no cache", "crane pull", 0.45),
      wall("no cache", "curl", 1.25),
      wall("no cache", "oras copy (layout)", 0.9),
      wall("cache filled", "crane pull", 0.55),
      wall("cache filled", "curl", 1.5),
      {
        ...wall("cache filled", "crane pull", 0.85),
        text: "CPU ≤ 0.85 × crane pull",
        metric: "cpu",
      },
      wall("all cached, tar removed", "crane pull", 0.35),
      { ...wall("unchanged", 1, 0.25), text: "time ≤ 0.25 s", unit: "s" },
      {
        ...wall("unchanged", 1, 1),
        text: "one request",
        metric: "requests",
        unit: "",
      },
    ],
  }, {
    id: "one-layer",
    title: "One layer of 475 MB, 20 MB/s a connection",
    image: image("one", [475 * MB]),
    line: { rate: RATE },
    rows: [...rivals, ...own({})],
    targets: [wall("", ideal([475 * MB]), 1.15)],
  }, {
    id: "skewed",
    title:
      "6 layers of which one is 64 % of 100 MB, 20 MB/s a connection, 20 ms",
    image: image("skewed", skewed),
    line: { rate: RATE, latency: 20 },
    rows: [...rivals, ...own({})],
    targets: [wall("", ideal(skewed), 1.25)],
  }, {
    id: "small",
    title: "100 layers of 10 kB, 50 ms",
    image: { name: "bench/small", layers: Array(100).fill(10_000) },
    line: { latency: 50 },
    rows: [
      ...rivals,
      ...own({}, {
        name: "16 connections",
        args: ["--max-concurrent-downloads", "16"],
      }),
    ],
    targets: [
      wall("", "crane pull", 0.45),
      wall("16 connections", "crane pull", 0.2),
    ],
  }, {
    id: "serve",
    title: "100 MB served to 50 clients at once",
    image: image("served", [60, 30, 10].map((size) => size * MB)),
    rows: crowd
      ? [
        crowd,
        ...commands.map(({ label, command }): Row => ({
          ...crowd,
          name: `${label}, serve`,
          served: command,
        })),
      ]
      : [],
    targets: crowd ? [wall("serve", crowd.name, 1.25)] : [],
  }, {
    id: "memory",
    title: "Memory, 4 layers of zeros from a registry that stores none",
    image: undefined,
    rows: own(
      ...[3, 16].flatMap((connections) =>
        memory.map((size) => ({
          name: memoryName(size, connections),
          args: ["--max-concurrent-downloads", String(connections)],
          zeros: { layers: 4, size: size / 4 },
          verify: false,
        }))
      ),
    ),
    targets: [
      ...([[3, 150], [16, 220]] as const).flatMap(([connections, most]) =>
        memory.map((size): Target => ({
          text: `memory ≤ ${most} MiB`,
          row: `${label}, ${memoryName(size, connections)}`,
          metric: "memory",
          over: 1 << 20,
          most,
          unit: "MiB",
        }))
      ),
      ...memory.slice(1).map((size): Target => ({
        text: `memory ≤ 1.15 × that for ${Math.round(least / MB)} MB`,
        row: `${label}, ${memoryName(size, 3)}`,
        metric: "memory",
        over: `${label}, ${memoryName(least, 3)}`,
        most: 1.15,
        unit: "×",
      })),
    ],
  }, {
    id: "huge",
    title: "One layer of 9 GB",
    image: { layers: 1, size: 9000 * MB * scale },
    maxRuns: 1,
    rows: [ownRow(first)],
    targets: [],
    load: true,
  }, {
    id: "start",
    title: "Start-up",
    image: undefined,
    repeat: 4,
    rows: [
      { name: EMPTY_SCRIPT, commands: () => [options.emptyScript] },
      ...["--help", "--version"].flatMap((flag) =>
        commands.map(({ label, command }): Row => ({
          name: `${label}, ${flag}`,
          commands: () => [[...command, flag]],
        }))
      ),
    ],
    targets: [wall("--help", EMPTY_SCRIPT, 3)],
  }];
}
