/** The line to a thread: what is asked of it, and what it responds. */

import { ThreadLine } from "../disk/thread.ts";
import {
  type PlainError,
  threadProgram,
  type ThreadRequest,
  type ThreadResponse,
} from "./thread_program.ts";

/** A thread that runs the program. */
export class ThreadPort extends ThreadLine<ThreadRequest, ThreadResponse> {
  /** Starts it. */
  constructor() {
    super(threadProgram());
  }
}

/** The error that was thrown in the thread. */
export function revive(
  { name, message, cause, errors, ...rest }: PlainError,
): Error {
  const options = cause && { cause: revive(cause) };
  const error = errors
    ? new AggregateError(errors.map(revive), message, options)
    : new Error(message, options);
  return Object.assign(error, { name, ...rest });
}
