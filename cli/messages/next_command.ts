/** The command that loads what was written. */

import type { Format } from "../../lib/copy/forms.ts";
import type { LoadingProgram } from "../../lib/copy/loaders.ts";
import { hostPlatform } from "../../lib/image/host_platform.ts";
import { comparePlatform, formatPlatform } from "../../lib/image/platform.ts";
import { formatReference, type Reference } from "../../lib/image/reference.ts";
import type { Platform } from "../../lib/image/types.ts";
import { quoteForShell } from "../progress/text.ts";

/** What was written. */
export interface Written {
  /** The file or folder. */
  path: string;
  /** What is in it, or the first of that. */
  reference: Reference;
  /** The platforms that it is for. */
  platforms: readonly Platform[];
  /** The form. */
  format: Format;
  /** The program that it was made for. */
  program?: LoadingProgram;
  /** The operating system, whose shell is quoted for. */
  os?: string;
}

/** k3s imports what lies there. */
const K3S_FOLDER = "/var/lib/rancher/k3s/agent/images/";

/** The exact command that loads it. */
export function nextCommand(written: Written): string {
  const { path, reference, format, program, os } = written;
  const quote = (text: string) => quoteForShell(text, os);
  const file = quote(path);
  switch (program) {
    case "podman":
      return `podman load -i ${file}`;
    case "containerd":
      return `ctr images import ${platformOption(written)}${file}`;
    case "k3s":
      // The file keeps its time, by which k3s knows it again.
      return `sudo install -D -p -m 644 ${file} -t ${K3S_FOLDER}`;
    case "kind":
      return `kind load image-archive ${file}`;
    case "skopeo":
      return `skopeo copy ${quote(`oci-archive:${path}`)} ${
        quote(`containers-storage:${formatReference(reference)}`)
      }`;
    case "docker":
      return `docker load -i ${file}`;
  }
  if (format === "oci") {
    return `podman pull ${quote(`oci:${path}:${formatReference(reference)}`)}`;
  }
  return `${format === "oci-archive" ? "podman" : "docker"} load -i ${file}`;
}

/** ctr takes what its own machine runs, unless it is told. */
function platformOption({ platforms }: Written): string {
  if (platforms.length > 1) return "--all-platforms ";
  const [platform] = platforms;
  if (!platform || comparePlatform(platform, hostPlatform()) !== "none") {
    return "";
  }
  return `--platform ${formatPlatform(platform)} `;
}
