/** Texts in base64, as the scheme Basic and files of logins have them. */

/**
 * Writes a text of any characters in base64.
 *
 * @param text Such as `user:password`.
 * @returns The base64 of its UTF-8.
 */
export function encodeBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/**
 * Reads a text that is written in base64.
 *
 * @param base64 The base64.
 * @param options `fatal`: whether what is no UTF-8 is none, as by default.
 * @returns The text; nothing where there is none.
 */
export function decodeBase64(
  base64: string,
  { fatal = true }: { fatal?: boolean } = {},
): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
