/** IP addresses as they stand in URLs, and which of them are not public. */

/** A range of addresses, as in `10.0.0.0/8`. */
export interface Subnet {
  /** Its first address: 4 or 16 bytes. */
  address: Uint8Array;
  /** How many leading bits count. */
  bits: number;
}

/**
 * Reads an IP address.
 *
 * @param host Such as `127.0.0.1`, `::1` or `[::1]`; forms such as `0x7f.1`
 * are taken as URLs take them.
 * @returns 4 or 16 bytes, an IPv4 address within IPv6 as 4; nothing for a name.
 */
export function parseAddress(host: string): Uint8Array | undefined {
  const bare = host.replace(/^\[|\]$/g, "");
  const url = `http://${bare.includes(":") ? `[${bare}]` : bare}/`;
  if (bare === "" || !URL.canParse(url)) return undefined;
  const name = new URL(url).hostname;
  if (!name.startsWith("[")) {
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(name)) return undefined;
    return Uint8Array.from(name.split("."), Number);
  }
  const [front = [], back] = name.slice(1, -1).split("::").map((part) =>
    part === "" ? [] : part.split(":")
  );
  const gap = Array(8 - front.length - (back?.length ?? 0)).fill("0");
  const bytes = Uint8Array.from(
    [...front, ...gap, ...(back ?? [])].flatMap((group) => {
      const value = parseInt(group, 16);
      return [value >> 8, value & 255];
    }),
  );
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

/**
 * Reads a range of addresses.
 *
 * @param text Such as `10.0.0.0/8`, or a lone address.
 * @returns The range; nothing where it is none.
 */
export function parseSubnet(text: string): Subnet | undefined {
  const [host = "", length] = text.split("/");
  // Only whole addresses: "10" is a name here, not 0.0.0.10.
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(host) && !host.includes(":")) {
    return undefined;
  }
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const most = address.length * 8;
  if (length === undefined) return { address, bits: most };
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  return bits <= most ? { address, bits } : undefined;
}

/** Whether an address lies in a range. */
export function inSubnet(address: Uint8Array, subnet: Subnet): boolean {
  if (address.length !== subnet.address.length) return false;
  for (let bit = 0; bit < subnet.bits; bit += 8) {
    const mask = 255 << Math.max(0, 8 - (subnet.bits - bit)) & 255;
    if ((address[bit / 8]! ^ subnet.address[bit / 8]!) & mask) return false;
  }
  return true;
}

const LOOPBACK = ["127.0.0.0/8", "::1"].map((text) => parseSubnet(text)!);

/** What is reached from inside a network only, after the IANA registries. */
const PRIVATE = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
  "::/127",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
].map((text) => parseSubnet(text)!);

/** Clouds answer at these with the secrets of a machine. */
const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"]
  .map((text) => parseSubnet(text)!);

/** Ranges of IPv6 whose addresses hold an IPv4 address, and where in them. */
const EMBEDDING = [
  { subnet: parseSubnet("::/96")!, at: 12 },
  { subnet: parseSubnet("64:ff9b::/96")!, at: 12 },
  { subnet: parseSubnet("64:ff9b:1::/48")!, at: 12 },
  { subnet: parseSubnet("2002::/16")!, at: 2 },
];

/** The address, and what a router may make of it. */
function meanings(address: Uint8Array): Uint8Array[] {
  const embedded = EMBEDDING.filter(({ subnet }) => inSubnet(address, subnet));
  return [address, ...embedded.map(({ at }) => address.slice(at, at + 4))];
}

function isWithin(host: string, subnets: readonly Subnet[]): boolean {
  const address = parseAddress(host);
  return address !== undefined &&
    meanings(address).some((each) =>
      subnets.some((subnet) => inSubnet(each, subnet))
    );
}

/** What /etc/hosts calls this machine where it does not say `localhost`. */
const LOCAL_NAMES =
  /^(?:(?:ip6-|ip4-)?(?:localhost|loopback)|localhost[46]?(?:\.localdomain[46]?)?)\.?$/i;

/**
 * Whether a host is this machine itself.
 *
 * @param host A name or an address, without port.
 * @returns True for `localhost`, `*.localhost`, `127.0.0.0/8` and `::1`.
 */
export function isLoopback(host: string): boolean {
  if (/^(?:.+\.)?localhost\.?$/i.test(host)) return true;
  const address = parseAddress(host);
  return address !== undefined &&
    LOOPBACK.some((subnet) => inSubnet(address, subnet));
}

/**
 * Whether a host is written as an address that is not public, or is this
 * machine itself. Names are not looked up.
 *
 * @param host A name or an address, without port; an IPv4 address within an
 * IPv6 one counts, too.
 * @returns True for private, loopback, link-local and reserved addresses.
 */
export function isPrivateHost(host: string): boolean {
  return isLoopback(host) || LOCAL_NAMES.test(host) || isWithin(host, PRIVATE);
}

/**
 * Whether a host is written as an address of the link itself, at which clouds
 * tell a machine its secrets.
 *
 * @param host A name or an address, without port.
 * @returns True for `169.254.0.0/16` and `fe80::/10`, within others too.
 */
export function isLinkLocal(host: string): boolean {
  return isWithin(host, LINK_LOCAL);
}
