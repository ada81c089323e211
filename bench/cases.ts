/** The cases: what is pulled, by whom, with what must be reached in each. */

import { carryCases } from "./cases/carry.ts";
import { type CaseOptions, makeContext } from "./cases/context.ts";
import { growthCases } from "./cases/growth.ts";
import { lineCases } from "./cases/lines.ts";
import { memoryCases } from "./cases/memory.ts";
import { pullCases } from "./cases/pull.ts";
import type { ImageSpec } from "./push.ts";
import type { Job, Row } from "./rows.ts";
import type { Line } from "./servers.ts";
import type { Zeros } from "./zero_image.ts";

/** A figure of a row. */
export type Metric =
  | "wall"
  | "cpu"
  | "memory"
  | "written"
  | "bytes"
  | "received"
  | "requests"
  | "connections";

/** A figure that must be reached. */
export interface Target {
  /** In words. */
  text: string;
  /** The row that must reach it. */
  row: string;
  /** Which of its figures. */
  metric: Metric;
  /** What it is divided by: another row's, the least of several, a number. */
  over: string | string[] | number;
  /** The most that may come out. */
  most: number;
  /** What comes out, for the reader: `×`, `s`, `MiB`, or nothing. */
  unit: string;
}

/** What a plot of a case is like. */
export interface Growth {
  /** What grows, for the axis. */
  axis: string;
  /** Whether it is a number of bytes. */
  bytes?: boolean;
  /** Whether it grows by a factor each time. */
  powers?: boolean;
}

/** Rows that fetch the same thing, and what must come of it. */
export interface Case {
  /** For `--cases`. */
  id: string;
  /** The group that it is in. */
  group: string;
  /** The heading of its table. */
  title: string;
  /** What is to be known about it, in a sentence or two. */
  note?: string;
  /** The image: pushed to a registry, or made of zeros. */
  image: ImageSpec | Zeros | undefined;
  /** The line between it and the clients; loopback as it is without one. */
  line?: Line;
  /** How many times as many runs as asked for, for short ones. */
  repeat?: number;
  /** At most so many runs, for long ones that vary little. */
  maxRuns?: number;
  /** What is prepared once, in the folder that all rows share. */
  setUp?(job: Job): string[][];
  /** What runs in alternation. */
  rows: Row[];
  /** The rows that times are divided by: the first that is there. */
  base: string[];
  /** What must be reached. */
  targets: Target[];
  /** Whether the archive must also load with skopeo. */
  load?: boolean;
  /** Whether it is a plot. */
  growth?: Growth;
}

/** All the cases. */
export function makeCases(options: CaseOptions): Case[] {
  const context = makeContext(options);
  return [
    ...pullCases(context),
    ...lineCases(context),
    ...carryCases(context),
    ...memoryCases(context),
    ...growthCases(context),
  ];
}

/** The cases of these ids and groups; throws where there is none of a name. */
export function chooseCases(all: Case[], names?: string[]): Case[] {
  const unknown = names?.find((name) =>
    !all.some(({ id, group }) => name === id || name === group)
  );
  if (unknown !== undefined) {
    const groups = [...new Set(all.map(({ group }) => group))];
    throw new Error(
      `Cannot run case "${unknown}": there are the groups ${
        groups.join(", ")
      }, and ${all.map(({ id }) => id).join(", ")}`,
    );
  }
  return all.filter(({ id, group }) =>
    names?.some((name) => name === id || name === group) ?? true
  );
}
