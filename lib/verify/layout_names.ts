/** What the entries of a layout's `index.json` are called. */

import { IMAGE_NAME, REF_NAME } from "../image/annotations.ts";
import { parseReference } from "../image/reference.ts";
import type { Descriptor } from "../image/types.ts";
import type { Inspection } from "./inspection.ts";
import type { VerifyProblem } from "./report.ts";

/** The file that names a layout's images. */
export const INDEX = "index.json";
/** The grammar of a layout's reference name. */
const REF_NAME_GRAMMAR = /^[A-Za-z0-9._:@+/-]{1,512}$/;

/** The names that an entry of `index.json` gives, the full one first. */
export async function readNames(
  inspection: Inspection,
  { annotations, digest }: Descriptor,
  problems: VerifyProblem[],
): Promise<string[]> {
  const text = (key: string) => {
    const value: unknown = annotations?.[key];
    if (value === undefined || typeof value === "string") return value;
    const fault = { code: "no-text", key, digest } as const;
    inspection.report(problems, { code: "reference", subject: INDEX, fault });
    return undefined;
  };
  const [full, short] = [text(IMAGE_NAME), text(REF_NAME)];
  if (full !== undefined) {
    await inspection.reading(
      problems,
      full,
      () => void parseReference(full),
      "reference",
    );
  }
  if (short !== undefined && !REF_NAME_GRAMMAR.test(short)) {
    const fault = { code: "no-layout-name" } as const;
    inspection.report(problems, { code: "reference", subject: short, fault });
  }
  return [full ?? short].filter((name) => name !== undefined);
}
