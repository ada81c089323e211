/** What is told of a request. */

/** A request that was answered. */
export interface RequestRecord {
  /** The address that it came from. */
  remote: string;
  /** The method. */
  method: string;
  /** The path and the query, as they were sent. */
  target: string;
  /** The status that it was answered with. */
  status: number;
  /** The bytes of the body that were sent. */
  bytes: number;
  /** The time from its coming to the end of its answer, in milliseconds. */
  duration: number;
  /** Whether the client, or damage, has broken the answer off. */
  broken: boolean;
  /** What the client calls itself. */
  agent: string;
}
