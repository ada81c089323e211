/** Finds the word that was probably meant, or what another program means by it. */

/**
 * The candidate nearest to a word: one that begins with it, else one that few
 * typing errors lead to; `undefined` where none is near.
 */
export function nearest(
  word: string,
  candidates: readonly string[],
): string | undefined {
  const lower = word.toLowerCase();
  if (!lower) return undefined;
  const begun = candidates.find((candidate) => candidate.startsWith(lower));
  if (begun) return begun;
  const limit = Math.max(1, Math.floor(lower.length / 3));
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      distance: editDistance(lower, candidate),
    }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** The few candidates that the fewest typing errors lead to, nearest first. */
export function nearestFew(
  word: string,
  candidates: readonly string[],
  count: number,
): string[] {
  return candidates
    .map((candidate) => ({
      candidate,
      distance: editDistance(word, candidate),
      common: commonStart(word, candidate),
    }))
    .sort((a, b) => a.distance - b.distance || b.common - a.common)
    .slice(0, count).map(({ candidate }) => candidate);
}

/** Registries that many images are pulled from. */
const REGISTRIES = [
  "docker.io",
  "ghcr.io",
  "quay.io",
  "gcr.io",
  "icr.io",
  "lscr.io",
  "nvcr.io",
  "cgr.dev",
  "dhi.io",
  "public.ecr.aws",
  "mcr.microsoft.com",
  "registry.k8s.io",
  "registry.gitlab.com",
  "registry.redhat.io",
  "registry.access.redhat.com",
  "docker.elastic.co",
];

/**
 * The well-known registry that a single slip of a finger leads away from: one
 * letter missing, too many, wrong, or two that have changed places.
 */
export function nearestRegistry(host: string): string | undefined {
  if (REGISTRIES.includes(host)) return undefined;
  return REGISTRIES.find((name) =>
    editDistance(host, name) === 1 || isSwapped(host, name)
  );
}

/** Whether two neighbouring letters have changed places, and no more. */
function isSwapped(one: string, other: string): boolean {
  const at = commonStart(one, other);
  return one.length === other.length && one[at] === other[at + 1] &&
    one[at + 1] === other[at] && one.slice(at + 2) === other.slice(at + 2);
}

function commonStart(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      next[j] = Math.min(
        next[j - 1]! + 1,
        row[j]! + 1,
        row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1),
      );
    }
    row = next;
  }
  return row[to.length]!;
}

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
  "dest-authfile": "authfile",
  "dest-cert-dir": "ca-cert",
  "dest-compress-format": "layers",
  "dest-registry-token": "dest-password-stdin",
  "src-authfile": "authfile",
  "src-cert-dir": "ca-cert",
  "src-creds": "username",
  "src-password": "password-stdin",
  "src-registry-token": "password-stdin",
  "src-username": "username",
  "tls-verify": "insecure",
  // crane
  c: "cache-dir",
  cache_path: "cache-dir",
  // oras
  "ca-file": "ca-cert",
  "cert-file": "client-cert",
  concurrency: "max-concurrent-downloads",
  "from-password": "src-password",
  "from-password-stdin": "src-password-stdin",
  "from-plain-http": "src-plain-http",
  "from-username": "src-username",
  "to-password": "dest-password",
  "to-password-stdin": "dest-password-stdin",
  "to-plain-http": "dest-plain-http",
  "to-username": "dest-username",
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
  "max-time": "timeout",
  "speed-limit": "min-speed",
  "no-check-certificate": "insecure",
  user: "username",
  // servers
  addr: "listen",
  address: "listen",
  bind: "listen",
  host: "listen",
  port: "listen",
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
const ALL_PLATFORMS = "here it is --platform all";
const NO_TLS = "here it is --insecure-host HOST";

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
  "dest-tls-verify": NO_TLS,
  "src-tls-verify": NO_TLS,
  "dest-daemon-host": "set the variable DOCKER_HOST to its address",
  "src-daemon-host": "set the variable DOCKER_HOST to its address",
  "preserve-digests": "leave it out, digests stay what they are",
  "from-oci-layout": "write oci:FOLDER:NAME in place of the image",
  "to-oci-layout": "write oci:FOLDER:NAME in place of the image",
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
