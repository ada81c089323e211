/**
 * What can be wrong, as data: a code, and what it is about. Putting it in
 * words is the caller's affair.
 */

export type * from "./delta_problems.ts";
export type * from "./document_problems.ts";
export type * from "./host_problems.ts";
export type * from "./place_problems.ts";
export type * from "./set_problems.ts";
export type * from "./setting_problems.ts";
export type * from "./signature_problems.ts";
export type * from "./text_problems.ts";

/** What is wrong, by its code; the rest is what it is about. */
export interface Problem {
  /** Which problem it is. */
  code: string;
}
