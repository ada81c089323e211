/**
 * The checksum of gzip of two pieces together, from that of each: each bit of
 * the first is moved past the second, by squaring the matrix that moves it by
 * one.
 */

/** The polynomial of CRC-32, its bits in reverse. */
const POLYNOMIAL = 0xedb88320;

/** The product of a matrix over two elements and a vector. */
function times(matrix: Uint32Array, vector: number): number {
  let sum = 0;
  for (let bit = 0; vector !== 0; bit++, vector >>>= 1) {
    if (vector & 1) sum ^= matrix[bit]!;
  }
  return sum >>> 0;
}

function squared(matrix: Uint32Array): Uint32Array {
  return matrix.map((column) => times(matrix, column));
}

/** What moves a checksum past one zero bit. */
function oneBit(): Uint32Array {
  return Uint32Array.from(
    { length: 32 },
    (_, bit) => bit === 0 ? POLYNOMIAL : 2 ** (bit - 1),
  );
}

/**
 * The checksum of `first` followed by `second`.
 *
 * @param first The checksum of the first piece.
 * @param second That of the second one.
 * @param length The second piece's length in bytes.
 */
export function combineCrc(
  first: number,
  second: number,
  length: number,
): number {
  let matrix = squared(squared(squared(oneBit())));
  let moved = first;
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2) moved = times(matrix, moved);
    matrix = squared(matrix);
  }
  return (moved ^ second) >>> 0;
}
