/**
 * One pull in a process of its own, to be killed: told what by a JSON text as
 * its only argument, it writes a line for what happens.
 */

import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { pull } from "../../lib/copy/pull.ts";
import type { SoakPull } from "./process.ts";

const { reference, ...options }: SoakPull = JSON.parse(process.argv[2]!);
const say = (value: unknown) =>
  process.stdout.write(`${JSON.stringify(value)}\n`);
try {
  const result = await pull(reference, {
    ...options,
    sleep: (wait, signal) =>
      delay(Math.min(wait, 30), undefined, { ...(signal && { signal }) }),
    onEvent({ type }) {
      if (type === "planned") say({ type });
    },
  });
  say({ type: "done", digest: result.manifest.digest });
} catch (error) {
  const { name, message, stack } = error as Error;
  say({ type: "failed", name, message, stack });
}
