/** Tables of sentences that have to have an example of each code. */

import { assertEquals } from "@std/assert";
import type { ByCode } from "../../../cli/messages/explanation.ts";
import { test } from "../../harness.ts";

/** Examples by code: the data without the code, and the sentence. */
export type Examples<T extends { code: string }> = {
  [Code in T["code"]]: (readonly [
    Omit<ByCode<T, Code>, "code">,
    string,
  ])[];
};

/** Asserts what is told of each. */
export function eachOf<T extends { code: string }>(
  what: string,
  examples: Examples<T>,
  explain: (about: T) => string,
): void {
  for (const [code, list] of Object.entries(examples)) {
    test(`${what} ${code} is told in these words`, () => {
      for (const [data, sentence] of list as [object, string][]) {
        assertEquals(explain({ ...data, code } as unknown as T), sentence);
      }
    });
  }
}
