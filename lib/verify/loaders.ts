/**
 * The rules of the programs that take images, as far as they can be told from
 * the bytes. They were held against the programs themselves: Docker 20.10 and
 * 29 with both of its stores, containerd 1.6 and 2, Podman 4.3, skopeo 1.9 and
 * 1.22.
 *
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 * @see {@link https://github.com/containerd/containerd/blob/v2.0.0/core/images/archive/importer.go}
 * @see {@link https://github.com/containers/image/tree/v5.32.0/docker/internal/tarfile}
 * @see {@link https://github.com/containers/image/tree/v5.32.0/oci}
 */

import { DOCKER_LAYERS } from "../image/manifest.ts";
import { isConfig } from "../image/media_types.ts";
import type { FormFacts, Inspection } from "./inspection.ts";
import {
  allLayers,
  BROKEN_COPY,
  BROKEN_DOCKER,
  BROKEN_STORE,
  findRefusal,
  isName,
  otherAlgorithm,
  otherPlatform,
  type Outcome,
  refuse,
  shortName,
  yes,
} from "./loader_rules.ts";
import type { LoaderName, LoaderVerdict } from "./report.ts";

/** What the rules are applied to. */
export interface LoaderFacts {
  /** The files. */
  inspection: Inspection;
  /** The path, which some programs take apart at colons. */
  path: string;
  /** The images of `manifest.json`. */
  docker: FormFacts;
  /** The images of `index.json`. */
  layout: FormFacts;
}

/** The most bytes of a `manifest.json` that containers/image reads. */
const MAX_TARFILE_MANIFEST_BYTES = 1024 * 1024;

/** What each program will do. */
export function judge(facts: LoaderFacts): LoaderVerdict[] {
  const rules: [LoaderName, (facts: LoaderFacts) => Outcome][] = [
    ["docker-classic", dockerClassic],
    ["docker-containerd", dockerContainerd],
    ["containerd", containerd],
    ["podman", podman],
    ["skopeo-docker-archive", skopeoDocker],
    ["skopeo-oci", skopeoOci],
  ];
  const { problems } = facts.inspection;
  const broken = problems.find(({ code }) =>
    code === "truncated" || code === "name"
  );
  return rules.map(([name, rule]) => {
    const outcome = broken
      ? refuse("problem", { code: "problem", problem: broken })
      : rule(facts);
    return { name, ...outcome };
  });
}

/** What `docker load` without containerd's store does. */
function dockerClassic({ inspection, docker }: LoaderFacts): Outcome {
  if (inspection.source.kind === "layout") return NO_FOLDER;
  const refusal = findRefusal(docker, "manifest.json", BROKEN_DOCKER);
  if (refusal) return refusal;
  const platform = otherPlatform(docker, /^linux\//);
  if (platform) {
    return refuse("platform", { code: "platform", platform });
  }
  for (const { layers } of docker.images) {
    if (layers.length > DOCKER_LAYERS) {
      return refuse("layers", {
        code: "too-many-layers",
        layers: layers.length,
        limit: DOCKER_LAYERS,
      });
    }
  }
  const delta = stacked(docker);
  if (delta) return delta;
  return allLayers(docker).some(({ compression }) => compression === "zstd")
    ? {
      ...yes("compression", { code: "zstd" }),
      since: "23.0",
    }
    : yes();
}

/** What `docker load` does with the store of containerd. */
function dockerContainerd(facts: LoaderFacts): Outcome {
  const refusal = imported(facts);
  if (refusal) return refusal;
  const { layout } = facts;
  // Those of manifest.json are made into full ones.
  if (!layout.present) return yes();
  const short = shortName(layout);
  return short === undefined
    ? needsBytes(layout) ?? nameless(layout)
    : refuse("name", { code: "short-name", name: short });
}

/** What `ctr images import` does. */
function containerd(facts: LoaderFacts): Outcome {
  const refusal = imported(facts);
  if (refusal) return refusal;
  const form = facts.layout.present ? facts.layout : facts.docker;
  if (form.images.every(({ names }) => !names.length)) {
    return refuse("name", { code: "no-name" });
  }
  // It compares platforms, and nothing is the same as an unknown one.
  const platform = otherPlatform(form, /^linux\/(?!unknown$)/);
  return platform === undefined
    ? needsBytes(form) ?? yes()
    : refuse("platform", { code: "own-platform", platform });
}

/** Why containerd's importer cannot take it. */
function imported(
  { inspection, docker, layout }: LoaderFacts,
): Outcome | undefined {
  if (inspection.source.kind === "layout") return NO_FOLDER;
  const isLayout = inspection.source.entries.has("oci-layout");
  if (!isLayout) return findRefusal(docker, "manifest.json", BROKEN_DOCKER);
  const refusal = findRefusal(layout, "index.json", BROKEN_STORE);
  if (refusal) return refusal;
  const other = otherAlgorithm(layout);
  if (other) {
    return refuse("algorithm", { code: "algorithm", algorithm: other });
  }
  const absent = allLayers(layout).find(({ elsewhere }) => elsewhere);
  return absent && refuse(
    "urls",
    { code: "layer-elsewhere", name: absent.name },
  );
}

/** What `podman load` does: it tries one form after the other. */
function podman(facts: LoaderFacts): Outcome {
  const { inspection, path, docker, layout } = facts;
  const isFolder = inspection.source.kind === "layout";
  const refusal = findRefusal(layout, "index.json", BROKEN_STORE) ??
    copied(layout) ?? stored(layout);
  if (!refusal) {
    return isFolder
      ? calledAfter(path)
      : needsBytes(layout) ?? nameless(layout);
  }
  return isFolder || !docker.present ? refusal : tarfile(docker);
}

/** Podman calls a folder's image localhost/PATH, whatever is in it. */
function calledAfter(path: string): Outcome {
  const name = `localhost/${path.replace(/^\//, "")}`;
  if (!hasColon(path) && isName(name)) {
    return yes("name", { code: "called", name });
  }
  return refuse("path", { code: "calls", name });
}

/** Why Podman's store cannot take it, though it may be copied. */
function stored(layout: FormFacts): Outcome | undefined {
  if (layout.entries !== 1) {
    return refuse("several", { code: "several", count: layout.entries });
  }
  const odd = layout.images.find(({ configType = "" }) =>
    !isConfig(configType)
  );
  return odd &&
    refuse("config", { code: "config-type", mediaType: odd.configType });
}

/** What `skopeo copy docker-archive:FILE` does. */
function skopeoDocker(
  { inspection, docker, path }: LoaderFacts,
): Outcome {
  if (inspection.source.kind === "layout") return NO_FOLDER;
  if (hasColon(path)) return COLON;
  const outcome = tarfile(docker);
  return outcome.accepts && docker.entries > 1
    ? yes("several", { code: "choose", count: docker.entries })
    : outcome;
}

/** What `skopeo copy oci-archive:FILE` and `oci:FOLDER` do. */
function skopeoOci({ layout, path }: LoaderFacts): Outcome {
  if (hasColon(path)) return COLON;
  const refusal = findRefusal(layout, "index.json", BROKEN_COPY) ??
    copied(layout);
  if (refusal) return refusal;
  return layout.entries > 1
    ? yes("several", { code: "choose-by-name", count: layout.entries })
    : needsBytes(layout) ?? yes();
}

/** Why containers/image cannot copy out of a layout. */
function copied(layout: FormFacts): Outcome | undefined {
  const other = otherAlgorithm(layout);
  if (other) {
    return refuse("algorithm", { code: "copies-algorithm", algorithm: other });
  }
  const foreign = allLayers(layout).find(({ urls }) => urls?.length);
  return foreign && refuse("urls", {
    code: "fetches",
    name: foreign.name,
    url: foreign.urls![0]!,
  });
}

/** The rules of containers/image for a Docker archive. */
function tarfile(docker: FormFacts): Outcome {
  const refusal = findRefusal(docker, "manifest.json", BROKEN_DOCKER);
  if (refusal) return refusal;
  if (docker.size > MAX_TARFILE_MANIFEST_BYTES) {
    const limit = MAX_TARFILE_MANIFEST_BYTES;
    return refuse("size", { code: "too-large", limit });
  }
  const layers = leftOut(docker);
  if (layers > 0) return refuse("delta", { code: "needs-all", layers });
  const diffIds = new Map<string, string | undefined>();
  for (const { name, linked, diffId } of allLayers(docker)) {
    if (linked) return refuse("layer", { code: "linked", name });
    if ((diffIds.get(name) ?? diffId) !== diffId) {
      return refuse("layer", { code: "two-diff-ids", name });
    }
    diffIds.set(name, diffId);
  }
  return yes();
}

/** How many layers are not there, as the target has them. */
function leftOut(form: FormFacts): number {
  const names = allLayers(form).filter(({ leftOut }) => leftOut)
    .map(({ name }) => name);
  return new Set(names).size;
}

/** What has to be there, for those who know layers by their bytes. */
function needsBytes(form: FormFacts): Outcome | undefined {
  const layers = leftOut(form);
  return layers === 0
    ? undefined
    : yes("delta", { code: "needs-bytes", layers });
}

/** What has to be there, for those who know layers by what lies below them. */
function stacked(docker: FormFacts): Outcome | undefined {
  const layers = leftOut(docker);
  return layers === 0
    ? undefined
    : yes("delta", { code: "needs-stack", layers });
}

const NO_FOLDER = refuse("form", { code: "no-folder" });
const COLON = refuse("path", { code: "colon" });

function nameless({ images, problems }: FormFacts): Outcome {
  const wrong = problems.some(({ code }) => code === "reference");
  return wrong || images.some(({ names }) => !names.length)
    ? yes("name", { code: "nameless" })
    : yes();
}

/** A colon ends the path for skopeo, but for that of a drive. */
function hasColon(path: string): boolean {
  return path.replace(/^[A-Za-z]:[\\/]/, "").includes(":");
}
