/** What a pull holds, however large the image. */

import type { Case } from "../cases.ts";
import type { OwnOptions } from "../rows.ts";
import { type Context, MB } from "./context.ts";

const GB = 1000 * MB;
/** From so many bytes on, one run tells enough, and needs room. */
const LARGE = 5 * GB;

/** What a pull of so many bytes may have. */
export function large(size: number): Pick<OwnOptions, "maxRuns" | "room"> {
  return size >= LARGE ? { maxRuns: 1, room: size } : {};
}

/** The cases. */
export function memoryCases(context: Context): Case[] {
  const { own, ownFirst, named, scaled, atMost, noMore, byEach } = context;
  const group = "memory";
  const sizes = scaled([100 * MB, GB, 20 * GB]);
  const [least = 0, ...greater] = sizes;
  const text = (size: number) =>
    size < GB ? `${Math.round(size / MB)} MB` : `${size / GB} GB`;
  const name = (size: number, connections: number) =>
    `${text(size)}, ${connections} connections`;
  const row = (size: number, connections: number): OwnOptions => ({
    ...large(size),
    name: name(size, connections),
    args: ["--max-concurrent-downloads", String(connections)],
    zeros: { layers: 4, size: Math.round(size / 4) },
    verify: false,
  });
  const limits = [[3, 110], [16, 150]] as const;
  return [{
    id: "memory",
    group,
    title: "Memory, 4 layers of zeros from a registry that stores none",
    image: undefined,
    maxRuns: 3,
    base: [],
    rows: [
      ...own(
        row(least, 3),
        row(least, 16),
        ...greater.slice(0, 1).flatMap((size) => [row(size, 3), row(size, 16)]),
      ),
      ...ownFirst(
        ...greater.slice(1).flatMap((size) => [row(size, 3), row(size, 16)]),
      ),
    ],
    targets: [
      ...limits.flatMap(([connections, most]) =>
        sizes.flatMap((size) => {
          const one = noMore(name(size, connections), "memory", most);
          return large(size).room ? [one] : byEach(one);
        })
      ),
      ...greater.map((size) =>
        atMost(name(size, 3), "memory", 1.15, named(name(least, 3)))
      ),
    ],
  }, {
    id: "huge",
    group,
    title: "One layer of 9 GB",
    image: { layers: 1, size: scaled([9 * GB])[0]! },
    maxRuns: 1,
    base: [],
    rows: ownFirst({ room: scaled([9 * GB])[0]! }),
    targets: [],
    load: true,
  }];
}
