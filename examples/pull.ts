/** Pulls an image to a file: `pull.ts nginx:1.27 nginx.tar`. */

import process from "node:process";
import { pull } from "../mod.ts";

const [image = "nginx", output] = process.argv.slice(2);
const { path, size, imageId } = await pull(image, {
  output,
  platform: "linux/amd64",
});
console.log(`${path}: ${size} bytes, ${imageId}`);
