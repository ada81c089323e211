/** Several pulls at once that share one cache. */

import { join } from "node:path";
import {
  ARCHIVE,
  cacheArgs,
  type OwnCommand,
  ownRow,
  peer,
  quoted,
  reference,
  type Row,
  shell,
  type Tools,
} from "./rows.ts";

/** A pull of one image, and so many at once that share one cache. */
export function togetherRows(
  tools: Tools,
  own: OwnCommand,
  count: number,
): Row[] {
  const { bash } = tools.programs;
  const one = ownRow(own, { name: "one pull", cache: true, verify: false });
  const all = (command: (index: number) => string) =>
    shell(
      bash,
      `jobs=; ${
        Array.from(
          { length: count },
          (_, i) => `${command(i)} & jobs="$jobs $!"`,
        )
          .join("; ")
      }; for job in $jobs; do wait $job; done`,
    );
  return [
    one,
    peer(tools, ["bash"], {
      name: `${own.label}, ${count} pulls at once`,
      commands: (job) => [all((index) =>
        quoted([
          ...own.command,
          "--quiet",
          "--output",
          join(job.folder, `${index}.tar`),
          ...cacheArgs(true, job),
          reference(job),
        ])
      )],
    }),
    peer(tools, ["bash"], {
      name: `cp of the file, ${count} times at once`,
      keep: [ARCHIVE],
      setUp: (job) => ownRow(own).commands(job),
      commands: () => [all((index) => `cp ${ARCHIVE} ${index}.tar`)],
    }),
  ];
}
