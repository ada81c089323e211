/** Where Docker and Podman keep their logins. */

import { posix, win32 } from "node:path";

/** What the default paths depend on. */
export interface CredentialPathSettings {
  /** The environment's variables. */
  env: Record<string, string | undefined>;
  /** The user's home; without it, the files there are left out. */
  home?: string;
  /** The user's number, where there is such a thing. */
  uid?: number;
  /** The operating system, as `process.platform` or `Deno.build.os` spell it. */
  platform: string;
}

/** A file that may hold logins. */
export interface CredentialPath {
  /** The path. */
  path: string;
  /** The same with `~` for the home, for messages. */
  source: string;
  /** Whose file it is. `dockercfg` is Docker's of before 2015, which Podman still reads. */
  format: "docker" | "podman" | "dockercfg";
}

/**
 * The files in which logins are looked for when none is named, in their
 * order: Docker's, then Podman's own. They need not exist.
 *
 * Of the environment it heeds `DOCKER_CONFIG`, which is a directory,
 * `XDG_RUNTIME_DIR` and `XDG_CONFIG_HOME`.
 */
export function defaultCredentialPaths(
  settings: CredentialPathSettings,
): CredentialPath[] {
  const { env, home, uid, platform } = settings;
  const { join, sep } = platform.startsWith("win") ? win32 : posix;
  const isLinuxLike = !platform.startsWith("win") && platform !== "darwin";
  const paths: CredentialPath[] = [];
  const add = (format: CredentialPath["format"], path: string) => {
    if (paths.some((known) => known.path === path)) return;
    const inHome = home && path.startsWith(join(home, sep));
    const source = inHome
      ? `~${sep}${path.slice(join(home, sep).length)}`
      : path;
    paths.push({ path, source, format });
  };

  if (env.DOCKER_CONFIG) add("docker", join(env.DOCKER_CONFIG, "config.json"));
  else if (home) add("docker", join(home, ".docker", "config.json"));

  if (isLinuxLike) {
    if (env.XDG_RUNTIME_DIR) {
      add("podman", join(env.XDG_RUNTIME_DIR, "containers", "auth.json"));
    } else if (uid !== undefined) {
      add("podman", join("/run/containers", String(uid), "auth.json"));
    }
  } else if (home) {
    add("podman", join(home, ".config", "containers", "auth.json"));
  }
  const configHome = env.XDG_CONFIG_HOME || (home && join(home, ".config"));
  if (configHome) add("podman", join(configHome, "containers", "auth.json"));
  if (home) add("dockercfg", join(home, ".dockercfg"));
  return paths;
}
