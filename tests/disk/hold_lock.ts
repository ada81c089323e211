/** Takes the lock that it is told of, says so, and holds it until it is ended. */
import process from "node:process";
import { acquireLock } from "../../lib/disk/lock.ts";

await acquireLock(process.argv[2]!);
console.log("held");
setInterval(() => {}, 1_000);
