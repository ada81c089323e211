/**
 * What lies beside a delta: scripts that ask the target, where nothing but its
 * own programs is, whether it has the layers that the delta lacks. Both ask for
 * the same.
 */

import type { Delta } from "../image/delta.ts";

/** A program that tells what a target has. */
export type AskedProgram = "docker" | "podman" | "ctr" | "k3s" | "crictl";

/** What a delta is checked for. */
export interface DeltaCheckOptions {
  /** The delta's path. */
  path: string;
  /** Its bytes, where it is one file. */
  size?: number;
  /** What it lacks. */
  delta: Delta;
  /**
   * The diffIDs of each of its images, lowest first, up to the last one that it
   * lacks: Docker's graph drivers must have them in that order.
   */
  chains: readonly (readonly string[])[];
  /** The programs that are looked for where none is named. */
  programs: readonly AskedProgram[];
}

/** The command that each program is asked by. */
export const COMMANDS: Readonly<Record<AskedProgram, string>> = {
  docker: "docker",
  podman: "podman",
  ctr: "ctr",
  k3s: "k3s ctr",
  crictl: "crictl",
};

/** Each layer: its digests and its size. */
export function layerLines({ layers }: Delta): string[] {
  return layers.map(({ digest, diffId, size }) =>
    `${digest} ${diffId} ${size}`
  );
}

/** Each image that has some of them with the same bytes: which, and its digests. */
export function baseLines({ base }: Delta): string[] {
  return base.filter(({ digests, layers }) => digests.length && layers.length)
    .map(({ digests, layers }) => `${layers.join()} ${digests.join(" ")}`);
}

/** Names of which any one will do. */
export function orList(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2
    ? last
    : `${names.slice(0, -1).join(", ")} or ${last}`;
}
