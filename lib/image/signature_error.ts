/** Images that are not signed as they should be. */

import { ProblemError } from "./base_error.ts";
import type { SignatureProblem } from "./signature_problems.ts";

/** A signature that was looked at, and why it does not count. */
export interface RefusedSignature {
  /** The digest of its manifest. */
  digest: string;
  /** What is wrong with it. */
  problem: SignatureProblem;
}

/** An image that is not signed as it has to be. */
export class SignatureError extends ProblemError<SignatureProblem> {
  /** What it is called, or the path of what it lies in. */
  readonly image: string;
  /** The signatures that there are, and why each of them does not count. */
  readonly refused: readonly RefusedSignature[];

  /** Made by whoever verifies, or reads keys and policies. */
  constructor(
    image: string,
    problem: SignatureProblem,
    refused: readonly RefusedSignature[] = [],
    options?: ErrorOptions,
  ) {
    super("SignatureError", `trust ${JSON.stringify(image)}`, problem, options);
    this.image = image;
    this.refused = refused;
  }
}
