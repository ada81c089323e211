/** Which daemon an image is loaded into. */

import type { DaemonAddress } from "../../lib/daemon/address.ts";
import { defaultDaemon, ofHost } from "../../lib/daemon/default_daemon.ts";
import type { Io } from "../io.ts";
import { credentialPathSettings } from "./credential_files.ts";

/**
 * The daemon of `--load-to`, or the one that the environment, the contexts of
 * the `docker` command and the usual sockets tell.
 *
 * @param url What `--load-to` says, if it is given.
 */
export async function findDaemon(
  url: string | undefined,
  { env, os }: Pick<Io, "env" | "os">,
): Promise<DaemonAddress> {
  const settings = { ...await credentialPathSettings(env, os), platform: os };
  return url === undefined
    ? await defaultDaemon(settings)
    : await ofHost(url, settings);
}
