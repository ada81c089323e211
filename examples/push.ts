/** Pushes what is in a file: `push.ts all.tar registry.example/mirror/`. */

import process from "node:process";
import { push } from "../mod.ts";

const [file = "all.tar", destination = ""] = process.argv.slice(2);
const { pushed } = await push(file, destination);
console.log(`${pushed.uploaded} blobs, ${pushed.sent} bytes`);
