/** What `verify` says of each kind; the programs themselves are another test. */

import { assertEquals } from "@std/assert";
import type { LoaderName } from "../../lib/verify/report.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";
import { KIND_NAMES, makeKinds } from "./kinds.ts";

/** Who refuses it, and what that is about; or what else is to be known. */
type Odd = Partial<Record<LoaderName, string>>;

const ZSTD = { "docker-classic": "yes compression 23.0" };
const NO_OCI = { "skopeo-oci": "no form" };
const NO_DOCKER = {
  "docker-classic": "no form",
  "skopeo-docker-archive": "no form",
};
const ELSEWHERE = {
  ...NO_DOCKER,
  "docker-containerd": "no urls",
  containerd: "no urls",
  podman: "no urls",
  "skopeo-oci": "no urls",
};
const ODD: Record<string, Odd> = {
  "foreign layer that is elsewhere": ELSEWHERE,
  "windows, and a layer that is elsewhere": ELSEWHERE,
  zstd: ZSTD,
  mixed: ZSTD,
  "130 layers": { "docker-classic": "no layers" },
  windows: { "docker-classic": "no platform", containerd: "no platform" },
  "foreign layer": { "skopeo-oci": "no urls" },
  "foreign layer of oci": { "skopeo-oci": "no urls" },
  "no platform": { containerd: "no platform" },
  sha512: {
    "docker-containerd": "no algorithm",
    containerd: "no algorithm",
    "skopeo-oci": "no algorithm",
  },
  "no manifest of oci": NO_OCI,
  "130 layers, no manifest of oci": {
    "docker-classic": "no layers",
    ...NO_OCI,
  },
  "zstd, no manifest of oci": { ...ZSTD, ...NO_OCI },
  "no manifest of docker": NO_DOCKER,
  "no name": {
    ...NO_DOCKER,
    "docker-containerd": "yes name",
    containerd: "no name",
    podman: "yes name",
  },
  "a tag alone": { ...NO_DOCKER, "docker-containerd": "no name" },
  "short name": { ...NO_DOCKER, "docker-containerd": "no name" },
};
/** Of the layout's folder, which only these two take. */
const ODD_FOLDERS: Record<string, Odd> = {
  "foreign layer": { podman: "no urls", "skopeo-oci": "no urls" },
  "foreign layer of oci": { podman: "no urls", "skopeo-oci": "no urls" },
  "octet-stream config": { podman: "no config" },
  sha512: { podman: "no algorithm", "skopeo-oci": "no algorithm" },
};

test("verifyImage() says who takes which kind of image, and about what", () =>
  inFolder(async (folder) => {
    const odd = async (path: string) => {
      const { loaders, problems } = await verifyImage(path);
      assertEquals(problems, [], path);
      return Object.fromEntries(
        loaders.map(({ name, accepts, code, since }) => [
          name,
          [accepts ? "yes" : "no", code, since].filter(Boolean).join(" "),
        ]).filter(([, text]) => text !== "yes"),
      );
    };
    const files = await makeKinds(folder);
    assertEquals(files.map(({ kind }) => kind), KIND_NAMES);
    for (const { kind, path, folder } of files) {
      assertEquals(await odd(path), ODD[kind] ?? {}, kind);
      if (!folder) continue;
      assertEquals(await odd(folder), {
        "docker-classic": "no form",
        "docker-containerd": "no form",
        containerd: "no form",
        // It calls the image after the folder.
        podman: /[A-Z]/.test(folder) ? "no path" : "yes name",
        "skopeo-docker-archive": "no form",
        ...ODD_FOLDERS[kind],
      }, `${kind}, a folder`);
    }
  }));
