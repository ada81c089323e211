/** The command lines of the peers, which several rows are of. */

/** Where the registry is: by plain HTTP, or by TLS of no authority. */
export type Way = "plain" | "tls";

/** A place as oras names it: how it is reached, and what it is called. */
export type OrasPlace = ["plain-http" | "insecure" | "oci-layout", string];

/** The command of oras that copies. */
export function orasCopy(
  oras: string,
  [from, source]: OrasPlace,
  [to, target]: OrasPlace,
): string[] {
  return [oras, "copy", `--from-${from}`, source, `--to-${to}`, target];
}

/** The beginning of regctl's commands of images, for these hosts. */
export function regctlImage(
  regctl: string,
  way: Way,
  ...hosts: string[]
): string[] {
  const tls = way === "tls" ? "insecure" : "disabled";
  const each = hosts.flatMap((host) => ["--host", `reg=${host},tls=${tls}`]);
  return [regctl, ...each, "image"];
}

/** The command of skopeo that copies, for registries of no authority. */
export function skopeoCopy(
  skopeo: string,
  from: string,
  to: string,
  ...options: string[]
): string[] {
  const isRegistry = (place: string) => place.startsWith("docker://");
  return [
    skopeo,
    "--insecure-policy",
    "copy",
    "--quiet",
    ...isRegistry(from) ? ["--src-tls-verify=false"] : [],
    ...isRegistry(to) ? ["--dest-tls-verify=false"] : [],
    ...options,
    from,
    to,
  ];
}
