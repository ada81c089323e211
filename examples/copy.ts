/** Copies an image from one place to another: `copy.ts nginx:1.27 oci:layout`. */

import process from "node:process";
import { copy } from "../mod.ts";

const [source = "nginx", destination = "oci:layout"] = process.argv.slice(2);
const { results } = await copy(source, destination, { platform: "all" });
for (const { digest } of results) console.log(digest);
