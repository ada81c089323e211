/** Tells of each mark that it is given whether its process has ended. */
import { existsSync } from "node:fs";
import process from "node:process";
import { hasEnded } from "../../lib/disk/process_mark.ts";

const marks = process.argv.slice(2);
const pid = marks[0]!.split(" ")[2];
const ended = await Promise.all(marks.map((mark) => hasEnded(mark)));
console.log(`visible:${existsSync(`/proc/${pid}`)}`, ...ended);
