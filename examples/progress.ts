/** Follows a pull by its events: `progress.ts nginx:1.27`. */

import process from "node:process";
import { pull } from "../mod.ts";

const received = new Map<string, number>();
let total = 0;
await pull(process.argv[2] ?? "nginx", {
  platform: "linux/amd64",
  onEvent(event) {
    if (event.type === "planned") {
      total = event.layers.reduce((sum, { size }) => sum + size, 0);
    } else if (event.type === "blob-progress") {
      received.set(event.descriptor.digest, event.received);
      const bytes = [...received.values()].reduce((sum, each) => sum + each, 0);
      console.log(`${bytes} of ${total} bytes`);
    } else if (event.type === "blob-done") {
      console.log(`${event.descriptor.digest} is there, from ${event.source}`);
    }
  },
});
