/** Finds the word that was probably meant. */

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
