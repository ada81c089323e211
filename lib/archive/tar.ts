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
/**
 * The longest name of a plain header. Another 155 fit into its prefix, but not
 * before a last part that is longer than this, as the name of a SHA-512 is.
 */
const MAX_NAME = 100;

const encoder = new TextEncoder();

/** The bytes that fill the last block of `size` bytes. */
export function paddingOf(size: number): number {
  return (BLOCK_SIZE - size % BLOCK_SIZE) % BLOCK_SIZE;
}

/**
 * The header of a file; with a PAX header before it where the name or the size
 * does not fit.
 *
 * @param name The file's name, in ASCII.
 * @param size The file's size in bytes.
 * @returns One block, or three; more where the name has hundreds of letters.
 */
export function fileHeader(name: string, size: number): Uint8Array {
  const long = name.length > MAX_NAME;
  const large = size > MAX_OCTAL_SIZE;
  if (!long && !large) return header(name, size, "0");
  const records = (long ? paxRecord("path", name) : "") +
    (large ? paxRecord("size", String(size)) : "");
  const bytes = encoder.encode(records);
  const blocks = new Uint8Array(
    2 * BLOCK_SIZE + bytes.length + paddingOf(bytes.length),
  );
  blocks.set(header(`PaxHeaders/${long ? "path" : "size"}`, bytes.length, "x"));
  blocks.set(bytes, BLOCK_SIZE);
  // The plain fields hold what fits; readers take those above.
  const plain = header(name.slice(0, MAX_NAME), large ? 0 : size, "0");
  blocks.set(plain, blocks.length - BLOCK_SIZE);
  return blocks;
}

/** `length key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) {
    length = String(length).length + rest.length;
  }
  return `${length}${rest}`;
}

function header(name: string, size: number, type: string): Uint8Array {
  const block = new Uint8Array(BLOCK_SIZE);
  const put = (text: string, offset: number) =>
    block.set(encoder.encode(text), offset);
  const octal = (value: number, digits: number) =>
    value.toString(8).padStart(digits, "0");
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
