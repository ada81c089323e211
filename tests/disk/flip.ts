/** Damages a file as a bad disk cable, say, would. */
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Changes one bit of a file, in place. */
export async function flip(path: string, offset: number): Promise<void> {
  const handle = await open(path, "r+");
  try {
    const byte = new Uint8Array(1);
    await handle.read(byte, 0, 1, offset);
    byte[0]! ^= 1;
    const { mtimeMs } = await handle.stat();
    do {
      // A system's clock for files may tick every ten milliseconds only.
      await delay(2);
      await handle.write(byte, 0, 1, offset);
    } while ((await handle.stat()).mtimeMs === mtimeMs);
  } finally {
    await handle.close();
  }
}
