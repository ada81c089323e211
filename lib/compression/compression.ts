/** How bytes are compressed, and how layers may be. */

/** The compressions that are written. */
export type Compression = "gzip" | "zstd";

/** How bytes are compressed, by how they begin. */
export function compressionOf(
  bytes: Uint8Array,
): "none" | Compression | "bzip2" | "xz" {
  const begins = (...magic: number[]) =>
    magic.every((byte, i) => bytes[i] === byte);
  if (begins(0x1f, 0x8b)) return "gzip";
  // What zstd lets be skipped stands before the frames of some writers.
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if (bytes[0]! >> 4 === 5 && begins(bytes[0]!, 0x2a, 0x4d, 0x18)) {
    return "zstd";
  }
  if (begins(0x42, 0x5a, 0x68)) return "bzip2";
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return "none";
}
