/**
 * Loads an image into Docker or Podman, and sends only the layers that are not
 * there: `load.ts nginx:1.27 ssh://me@server`.
 */

import process from "node:process";
import { load } from "../mod.ts";

const [image = "nginx", daemon] = process.argv.slice(2);
const { imageId, sent, spared } = await load(image, {
  daemon,
  platform: "linux/amd64",
});
console.log(`${imageId}: ${sent} bytes sent, ${spared} were there`);
