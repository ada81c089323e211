/**
 * Versions of operating systems, by which Windows images are told apart: an
 * image runs on the build that it is made for, whatever the revision.
 *
 * @see {@link https://github.com/containerd/platforms/blob/v1.0.0-rc.1/platform_windows_compat.go}
 */

/**
 * Whether an image of one version suits who wants another: the same, a more
 * exact one, or another revision of the same build.
 *
 * @param version The image's; one without any suits all.
 * @param wanted Such as `10.0.17763` or `10.0.17763.1`.
 */
export function suitsVersion(
  version: string | undefined,
  wanted: string | undefined,
): boolean {
  if (!version || !wanted) return true;
  if (startsWith(version, wanted)) return true;
  const build = (text: string) => text.split(".").slice(0, 3).join(".");
  return wanted.split(".").length > 3 && build(version) === build(wanted);
}

function startsWith(version: string, wanted: string): boolean {
  return `${version}.`.startsWith(`${wanted}.`);
}

/**
 * Orders versions for who wants one: that itself, then a more exact one, then
 * the newest; what has none is last.
 *
 * @returns Less than 0 where `a` is better.
 */
export function compareVersions(
  a: string | undefined,
  b: string | undefined,
  wanted: string | undefined,
): number {
  if (!wanted || a === b) return 0;
  if (!a || !b) return a ? -1 : 1;
  if (a === wanted || b === wanted) return a === wanted ? -1 : 1;
  const near = startsWith(a, wanted);
  if (near !== startsWith(b, wanted)) return near ? -1 : 1;
  const [left, right] = [a, b].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (right![i] || 0) - (left![i] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
