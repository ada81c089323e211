/** What other programs call the options of this one. */

/** Ours by the name of another program's, without dashes. */
export const FOREIGN: Readonly<Record<string, string>> = {
  // docker, podman
  D: "verbose",
  arch: "platform",
  debug: "verbose",
  os: "platform",
  p: "password",
  "insecure-registry": "insecure",
  retry: "retries",
  "retry-delay": "max-wait",
  u: "username",
  variant: "platform",
  // skopeo
  "cert-dir": "ca-cert",
  "command-timeout": "timeout",
  creds: "username",
  "image-parallel-copies": "max-concurrent-downloads",
  "insecure-policy": "insecure",
  "override-arch": "platform",
  "override-os": "platform",
  "override-variant": "platform",
  "registry-token": "password-stdin",
  "retry-times": "retries",
  "src-authfile": "authfile",
  "src-cert-dir": "ca-cert",
  "src-creds": "username",
  "src-password": "password-stdin",
  "src-registry-token": "password-stdin",
  "src-tls-verify": "insecure",
  "src-username": "username",
  "tls-verify": "insecure",
  // crane
  c: "cache-dir",
  cache_path: "cache-dir",
  // oras
  "ca-file": "ca-cert",
  "cert-file": "client-cert",
  concurrency: "max-concurrent-downloads",
  "identity-token": "password-stdin",
  "key-file": "client-key",
  "no-tty": "quiet",
  "oci-layout": "format",
  "registry-config": "authfile",
  // regctl
  req: "max-concurrent-downloads",
  "req-concurrent": "max-concurrent-downloads",
  tls: "insecure",
  verbosity: "verbose",
  // curl, wget
  O: "output",
  cacert: "ca-cert",
  cert: "client-cert",
  k: "insecure",
  key: "client-key",
  "max-time": "timeout",
  "speed-limit": "min-speed",
  "no-check-certificate": "insecure",
  user: "username",
  // what people try
  dest: "output",
  "dest-dir": "output",
  file: "output",
  jobs: "max-concurrent-downloads",
  j: "max-concurrent-downloads",
  overwrite: "force",
  parallel: "max-concurrent-downloads",
  "insecure-skip-tls-verify": "insecure",
  "skip-tls-verify": "insecure",
  threads: "max-concurrent-downloads",
  token: "password-stdin",
};

const ALL_TAGS = "pull one image at a time, as in IMAGE:TAG";
const ALL_PLATFORMS = "pull one at a time, each with --platform";

/** What is no option here, but can be had. */
const OTHERWISE: Readonly<Record<string, string>> = {
  a: ALL_TAGS,
  all: ALL_PLATFORMS,
  "all-platforms": ALL_PLATFORMS,
  "all-tags": ALL_TAGS,
  "multi-arch": ALL_PLATFORMS,
  config: "set the variable DOCKER_CONFIG to that folder",
  proxy: "set the variable HTTPS_PROXY to its address",
  x: "set the variable HTTPS_PROXY to its address",
  "disable-content-trust": "leave it out, signatures are not looked at",
  tag: "write the tag behind the image, as in IMAGE:TAG",
  t: "write the tag behind the image, as in IMAGE:TAG",
};

/**
 * What to do in place of another program's option.
 *
 * @param name The option, without dashes.
 * @param known Whether there is an option of that name here.
 * @returns Half a sentence; nothing where no program is known to have it.
 */
export function inPlaceOf(
  name: string,
  known: (name: string) => boolean,
): string | undefined {
  if (Object.hasOwn(OTHERWISE, name)) return OTHERWISE[name];
  const own = Object.hasOwn(FOREIGN, name) ? FOREIGN[name]! : undefined;
  return own !== undefined && known(own) ? `here it is --${own}` : undefined;
}
