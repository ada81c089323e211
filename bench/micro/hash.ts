/** SHA-256: by each way there is, and as the transfer does it. */

import { createHash } from "node:crypto";
import { createHasher } from "../../lib/image/digest.ts";
import { sizeText, type Work } from "./timing.ts";

const TOTAL = 256 << 20;
const MIB = 1 << 20;

function incremental(size: number): Work {
  const bytes = new Uint8Array(size).fill(7);
  return {
    name: `node:crypto, ${sizeText(size)} at a time`,
    bytes: TOTAL,
    run() {
      const hash = createHash("sha256");
      for (let done = 0; done < TOTAL; done += size) hash.update(bytes);
      hash.digest("hex");
    },
  };
}

/** The works. */
export function hashWorks(): Work[] {
  const whole = new Uint8Array(64 << 20).fill(7);
  const piece = whole.subarray(0, MIB);
  return [
    ...[64 << 10, 256 << 10, MIB, 4 * MIB].map(incremental),
    {
      name: "crypto.subtle, 64 MiB at once",
      bytes: whole.length,
      run: async () => void await crypto.subtle.digest("SHA-256", whole),
    },
    {
      name: "lib/image/digest.ts, 1 MiB at a time",
      bytes: TOTAL,
      async run() {
        const hasher = createHasher("sha256");
        for (let done = 0; done < TOTAL; done += MIB) hasher.update(piece);
        await hasher.digest();
      },
    },
  ];
}
