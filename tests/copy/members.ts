/** The members of an archive in memory, without a look at their contents. */

const BLOCK = 512;

/** The sizes of an archive's plain files by their names. */
export function membersOf(archive: Uint8Array): Map<string, number> {
  const members = new Map<string, number>();
  const text = new TextDecoder("latin1");
  for (let at = 0; at + BLOCK <= archive.length;) {
    const name = text.decode(archive.subarray(at, at + 100)).split("\0")[0]!;
    if (name === "") break;
    const size = parseInt(text.decode(archive.subarray(at + 124, at + 135)), 8);
    members.set(name, size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return members;
}
