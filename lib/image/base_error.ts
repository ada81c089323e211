/** What every error of this library is. */

import type { Problem } from "./problems.ts";

/** The base of every error that this library throws of its own. */
export class DockerPullError extends Error {
  /** The class, for programs that have more than one copy of it. */
  override readonly name: string;
  /**
   * Which of the class's errors it is, for programs. The message is for
   * developers; what a user is to read is made from the code and its data.
   */
  readonly code: string;

  /** Made by its classes. */
  constructor(
    name: string,
    code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = name;
    this.code = code;
  }
}

/** An error that says what is wrong as a code with its data. */
export abstract class ProblemError<P extends Problem = Problem>
  extends DockerPullError {
  /** The problem's code. */
  declare readonly code: P["code"];
  /** What is wrong. */
  readonly problem: P;

  /** Made by its classes; `what` is what cannot be done. */
  constructor(
    name: string,
    what: string,
    problem: P,
    options?: ErrorOptions,
  ) {
    super(
      name,
      problem.code,
      `Cannot ${what}: ${problemText(problem)}`,
      options,
    );
    this.problem = problem;
  }
}

/** A problem for developers: its code and data. */
function problemText({ code, ...data }: Problem): string {
  return Object.keys(data).length > 0
    ? `${code} ${JSON.stringify(data)}`
    : code;
}
