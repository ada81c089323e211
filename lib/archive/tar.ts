/**
 * The few pieces of the tar format that an image archive needs: plain files
 * with fixed owner, mode and time.
 *
 * @see {@link https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06}
 */

/** A tar is made of blocks of this many bytes. */
export const BLOCK_SIZE = 512;
/** The most bytes that the 11 octal digits of a plain header can say. */
const MAX_OCTAL_SIZE = 8 ** 11 - 1;

const encoder = new TextEncoder();

/** The bytes that fill the last block of `size` bytes. */
export function paddingOf(size: number): number {
  return (BLOCK_SIZE - size % BLOCK_SIZE) % BLOCK_SIZE;
}

/**
 * The header of a file; where its size does not fit, with a PAX header before
 * it.
 *
 * @param name The file's name, at most 100 ASCII characters.
 * @param size The file's size in bytes.
 * @returns One block, or three.
 */
export function fileHeader(name: string, size: number): Uint8Array {
  if (size <= MAX_OCTAL_SIZE) return header(name, size, "0");
  const record = paxRecord("size", String(size));
  const blocks = new Uint8Array(3 * BLOCK_SIZE);
  blocks.set(header("PaxHeaders/size", record.length, "x"));
  blocks.set(record, BLOCK_SIZE);
  // The plain field cannot hold the size; readers take the one above.
  blocks.set(header(name, 0, "0"), 2 * BLOCK_SIZE);
  return blocks;
}

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) {
    length = String(length).length + rest.length;
  }
  return encoder.encode(`${length}${rest}`);
}

function header(name: string, size: number, type: string): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  const put = (text: string, offset: number) =>
    block.set(encoder.encode(text), offset);
  const octal = (value: number, digits: number) =>
    value.toString(8).padStart(digits, "0");
  if (name.length > 100) {
    throw new RangeError(`Cannot store "${name}" in a tar`);
  }
  put(name, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, 11), 124);
  put(octal(0, 11), 136);
  put("        ", 148);
  put(type, 156);
  put("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${octal(sum, 6)}\0 `, 148);
  return block;
}
