/**
 * Gives a pull up after a time: `abort.ts nginx:1.27 60`. What has come by then
 * is in the cache, and the next pull goes on from there.
 */

import process from "node:process";
import { pull } from "../mod.ts";

const [image = "nginx", seconds = "60"] = process.argv.slice(2);
try {
  const signal = AbortSignal.timeout(Number(seconds) * 1000);
  const { path } = await pull(image, { signal, platform: "linux/amd64" });
  console.log(path);
} catch (error) {
  if ((error as Error).name !== "TimeoutError") throw error;
  console.log(`It did not come in ${seconds} seconds`);
}
