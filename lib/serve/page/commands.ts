/** The commands that pull an image from here. */

/** A command, and the program that it is for. */
export type Command = readonly [program: string, command: string];

/**
 * The commands of each program. Names, tags and hosts are made of letters that
 * mean nothing to a shell.
 *
 * @param host The host that the page was asked of.
 * @param name The repository and the tag, such as `library/nginx:1.27`.
 * @param isArtifact Whether it is no image, so that engines have no use for it.
 */
export function pullCommands(
  host: string,
  name: string,
  isArtifact = false,
): [Command, ...Command[]] {
  const isLocal = isThisMachine(host);
  const image = `${host}/${name}`;
  const file = `${name.replace(/[^a-zA-Z0-9.-]+/g, "_")}.tar`;
  const copies: Command[] = [
    [
      "skopeo",
      `skopeo copy --src-tls-verify=false docker://${image} ` +
      `oci-archive:${file}`,
    ],
    ["crane", `crane pull ${isLocal ? "" : "--insecure "}${image} ${file}`],
  ];
  if (isArtifact) {
    return [["oras", `oras pull --plain-http ${image}`], ...copies];
  }
  return [
    ["docker", `docker pull ${image}`],
    ["podman", `podman pull --tls-verify=false ${image}`],
    ...copies,
    ["docker-pull", `docker-pull ${isLocal ? "" : "--plain-http "}${image}`],
    ["ctr", `ctr images pull --plain-http ${image}`],
  ];
}

/** Whether a host is this machine, where programs take plain HTTP as it is. */
export function isThisMachine(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
}
