/** The head of an HTTP/1.1 response, read strictly (RFC 9112). */

/** How the end of a body is known (RFC 9112, 6.3). */
export type Framing =
  | { kind: "length"; length: number }
  | { kind: "chunked" }
  /** By the end of the connection. */
  | { kind: "close" };

/** A head that is in order. */
export interface ResponseHead {
  /** Such as 200. */
  status: number;
  /** What stands behind it. */
  statusText: string;
  /** Names in lower case, in the order in which they came. */
  headers: [name: string, value: string][];
  /** How the body ends; a length of 0 where there is none. */
  framing: Framing;
  /** Whether the connection can take another request. */
  lasting: boolean;
  /** For how many milliseconds the server says it waits for one. */
  patience: number | undefined;
}

/**
 * Reads a head. Threads are given the text of this function, so it refers to
 * nothing outside of itself.
 *
 * @param text The bytes as they came, one a character, up to and without the
 * empty line.
 * @param method That of the request.
 * @returns The head; nothing where anything in it is not plainly as it should
 * be: who reads on would guess where the body ends.
 */
export function parseHead(
  text: string,
  method: string,
): ResponseHead | undefined {
  const [statusLine = "", ...lines] = text.split("\r\n");
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return undefined;
  const [, minor, digits, statusText = ""] =
    /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/.exec(statusLine) ?? [];
  if (digits === undefined || statusText.includes("\r")) return undefined;
  const headers: [string, string][] = [];
  for (const line of lines) {
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value!.includes("\r")) return undefined;
    headers.push([name.toLowerCase(), value!]);
  }
  const all = (name: string) =>
    headers.filter((header) => header[0] === name).map(([, value]) => value);
  const lengths = all("content-length");
  const codings = all("transfer-encoding");
  if (lengths.length + codings.length > 1) return undefined;
  const status = Number(digits);
  let framing: Framing = { kind: "close" };
  if (codings.length > 0) {
    if (codings[0]!.toLowerCase() !== "chunked" || minor === "0") {
      return undefined;
    }
    framing = { kind: "chunked" };
  } else if (lengths.length > 0) {
    if (!/^\d{1,15}$/.test(lengths[0]!)) return undefined;
    framing = { kind: "length", length: Number(lengths[0]) };
  }
  const bodiless = method === "HEAD" || status < 200 || status === 204 ||
    status === 304;
  const options = all("connection").join(",").toLowerCase().split(",")
    .map((option) => option.trim());
  const [, seconds] = /(?:^|[,\s])timeout=(\d{1,6})\b/i.exec(
    all("keep-alive").join(","),
  ) ?? [];
  return {
    status,
    statusText,
    headers,
    lasting: !options.includes("close") && status !== 101 &&
      (minor === "1" || options.includes("keep-alive")) &&
      (bodiless || framing.kind !== "close"),
    framing: bodiless ? { kind: "length", length: 0 } : framing,
    patience: seconds === undefined ? undefined : Number(seconds) * 1000,
  };
}
