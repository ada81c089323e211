/** A place that cannot be listened at. */

import { DockerPullError } from "../image/errors.ts";

/** What {@linkcode listen} throws where it cannot listen. */
export class ListenError extends DockerPullError {
  /**
   * The system's code, such as `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` or
   * `ENOTFOUND`; `not-permitted` (by Deno), or `unknown`.
   */
  declare readonly code: string;
  /** The name or address. */
  readonly host: string;
  /** The port. */
  readonly port: number;

  /** Made from what `node:http` says. */
  constructor(
    host: string,
    port: number,
    code: string,
    options?: ErrorOptions,
  ) {
    super(
      "ListenError",
      code,
      `Cannot listen at ${host} port ${port}: ${code}`,
      options,
    );
    this.host = host;
    this.port = port;
  }
}
