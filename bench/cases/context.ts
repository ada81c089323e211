/** What all cases are made with. */

import type { Metric, Target } from "../cases.ts";
import type { ImageSpec } from "../push.ts";
import {
  type OwnCommand,
  type OwnOptions,
  ownRow,
  type Row,
  type Tools,
} from "../rows.ts";

/** What the cases are made from. */
export interface CaseOptions {
  /** The other programs. */
  tools: Tools;
  /** The ways to start docker-pull; the first must reach the targets. */
  commands: OwnCommand[];
  /** An empty script in the runtime that runs this. */
  emptyScript: string[];
  /** What sizes are multiplied by. */
  scale: number;
}

/** The same, and what makes rows and targets of it. */
export interface Context extends CaseOptions {
  /** The first command. */
  first: OwnCommand;
  /** Rows of docker-pull in these states, by each command. */
  own(...options: OwnOptions[]): Row[];
  /** By the first command alone. */
  ownFirst(...options: OwnOptions[]): Row[];
  /** The name of a row of the first command. */
  named(name: string): string;
  /** Sizes, scaled. */
  scaled(sizes: number[]): number[];
  /** An image to push. */
  image(name: string, sizes: number[]): ImageSpec;
  /** A row of the first command may have so many times another's figure. */
  atMost(
    row: string,
    metric: Metric,
    most: number,
    over: string | string[],
  ): Target;
  /** The same targets for each command. */
  byEach(...targets: Target[]): Target[];
  /** Or so many seconds, MiB, or of what has no unit. */
  noMore(
    row: string,
    metric: "wall" | "memory" | "requests",
    most: number,
  ): Target;
  /** Or so many times what some connections of 20 MB/s each could do. */
  ofIdeal(
    row: string,
    most: number,
    sizes: number[],
    connections: number,
  ): Target;
}

/** A megabyte, as registries count. */
export const MB = 1_000_000;
/** What a connection of a throttled line brings in a second. */
export const RATE = 20 * MB;

const WORDS: Record<Metric, string> = {
  wall: "time",
  cpu: "CPU",
  memory: "memory",
  written: "written",
  bytes: "on the wire",
  received: "sent",
  requests: "requests",
  connections: "connections",
};

/** The greatest of the layers is 43 % of 1.1 GB. */
export const FIVE = [480, 280, 190, 110, 60].map((size) => size * MB);

/** Makes it. */
export function makeContext(options: CaseOptions): Context {
  const { commands, scale } = options;
  const [first] = commands;
  if (first === undefined) throw new TypeError("there is no command");
  const rows = (commands: OwnCommand[], options: OwnOptions[]) =>
    commands.flatMap((command) =>
      options.map((option) => ownRow(command, option))
    );
  const named = (name: string) =>
    name ? `${first.label}, ${name}` : first.label;
  const scaled = (sizes: number[]) =>
    sizes.map((size) => Math.round(size * scale));
  return {
    ...options,
    first,
    named,
    scaled,
    own: (...options) => rows(commands, options),
    ownFirst: (...options) => rows([first], options),
    // The sizes are in the name, because a folder that is kept may have both.
    image(name, sizes) {
      const layers = scaled(sizes);
      const size = layers.reduce((sum, size) => sum + size);
      return { name: `bench/${name}-${Math.ceil(size / MB)}mb`, layers };
    },
    atMost(row, metric, most, over) {
      const others = [over].flat().join(" or ");
      return {
        text: `${WORDS[metric]} ≤ ${most} × ${others}`,
        row: named(row),
        metric,
        over,
        most,
        unit: "×",
      };
    },
    byEach(...targets) {
      const renamed = (name: string, label: string) =>
        name.startsWith(`${first.label}, `)
          ? label + name.slice(first.label.length)
          : name;
      return commands.flatMap(({ label }) =>
        targets.map((target): Target => ({
          ...target,
          row: renamed(target.row, label),
          over: typeof target.over === "string"
            ? renamed(target.over, label)
            : target.over,
        }))
      );
    },
    noMore(row, metric, most) {
      const unit = { wall: "s", memory: "MiB", requests: "" }[metric];
      return {
        text: `${WORDS[metric]} ≤ ${most} ${unit}`.trim(),
        row: named(row),
        metric,
        over: metric === "memory" ? 1 << 20 : 1,
        most,
        unit,
      };
    },
    ofIdeal(row, most, sizes, connections) {
      const total = scaled(sizes).reduce((sum, size) => sum + size);
      return {
        text: `time ≤ ${most} × bytes ÷ (${connections} × 20 MB/s)`,
        row: named(row),
        metric: "wall",
        over: total / (connections * RATE),
        most,
        unit: "×",
      };
    },
  };
}
