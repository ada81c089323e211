/**
 * One pull in a process of its own, to be killed: told what by a JSON text as
 * its only argument, it writes a line for what happens.
 */

import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { pull, pullImages } from "../../lib/copy/pull.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { SoakPull } from "./process.ts";

const { reference, others, ...options }: SoakPull = JSON.parse(
  process.argv[2]!,
);
const say = (value: unknown) =>
  process.stdout.write(`${JSON.stringify(value)}\n`);
try {
  const how: PullOptions = {
    ...options,
    sleep: (wait, signal) =>
      delay(Math.min(wait, 30), undefined, { ...(signal && { signal }) }),
    onEvent({ type }) {
      if (type === "planned") say({ type });
    },
  };
  if (others) {
    const { failures } = await pullImages([reference, ...others], how);
    if (failures.length > 0) throw failures[0]!.error;
    say({ type: "done" });
  } else {
    const result = await pull(reference, how);
    say({ type: "done", digest: result.manifest.digest });
  }
} catch (error) {
  const { name, message, stack } = error as Error;
  say({ type: "failed", name, message, stack });
}
