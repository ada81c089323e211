// @ts-check
/**
 * Runs Deno with the configuration that works here: `node tasks/deno.js run
 * -A cli.ts`. By way of npm that is deno.npm.json; by way of `deno task` it is
 * deno.json where JSR is reachable or its packages are cached, else
 * deno.npm.json where `npm ci` was run.
 */
import process from "node:process";
import { denoPath, profile, run } from "./runtimes.js";

const [command = "help", ...args] = process.argv.slice(2);
// `deno doc` takes no --config.
const config = command === "doc" ? [] : await profile();
process.exitCode = await run(denoPath(), [command, ...config, ...args]);
