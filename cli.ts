/**
 * The command `docker-pull`: runs it and ends the process with its exit code.
 *
 * @module
 */

import process from "node:process";
import { main } from "./cli/main.ts";

process.exit(await main());
