/**
 * The rules of the programs that take images, as far as they can be told from
 * the bytes; not whether the daemon is of the image's platform.
 *
 * @see {@link https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go}
 * @see {@link https://github.com/containerd/containerd/blob/v2.0.0/core/images/archive/importer.go}
 * @see {@link https://github.com/containers/image/tree/v5.32.0/docker/internal/tarfile}
 * @see {@link https://github.com/containers/image/tree/v5.32.0/oci}
 */

import type { FormFacts, ImageFacts, Inspection } from "./inspection.ts";
import type {
  LoaderName,
  LoaderVerdict,
  VerifyProblem,
  VerifyProblemCode,
} from "./report.ts";

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

/** Why not (`no`), or else what is to be known (`yes`). */
interface Outcome {
  no?: string;
  yes?: string;
}

/** The most bytes of a `manifest.json` that containers/image reads. */
const MAX_TARFILE_MANIFEST = 1024 * 1024;
const NO_FOLDER = "it takes a tar, and no folder";

const BROKEN_DOCKER: VerifyProblemCode[] = [
  "missing",
  "link",
  "size",
  "document",
  "layers",
  "reference",
  "diff-id",
];
const BROKEN_COPY: VerifyProblemCode[] = [
  "missing",
  "link",
  "size",
  "document",
  "digest",
];
const BROKEN_STORE: VerifyProblemCode[] = [...BROKEN_COPY, "layers", "diff-id"];

/** What each program will do. */
export function judge(facts: LoaderFacts): LoaderVerdict[] {
  const rules: [LoaderName, (facts: LoaderFacts) => Outcome][] = [
    ["docker-classic", dockerClassic],
    ["docker-containerd", dockerContainerd],
    ["podman", podman],
    ["skopeo-docker-archive", skopeoDocker],
    ["skopeo-oci", skopeoOci],
  ];
  const { problems } = facts.inspection;
  const broken = problems.find(({ code }) =>
    code === "truncated" || code === "name"
  );
  return rules.map(([name, rule]) => {
    const { no, yes } = broken ? { no: words(broken) } : rule(facts);
    const reason = no ?? yes;
    return {
      name,
      accepts: no === undefined,
      ...(reason !== undefined && { reason }),
    };
  });
}

/** What `docker load` without containerd's store does. */
function dockerClassic({ inspection, docker }: LoaderFacts): Outcome {
  if (inspection.source.kind === "layout") return { no: NO_FOLDER };
  const no = refusal(docker, "manifest.json", BROKEN_DOCKER);
  if (no !== undefined) return { no };
  return allLayers(docker).some(({ compression }) => compression === "zstd")
    ? { yes: "it needs Docker 23 or later, as layers are compressed with zstd" }
    : {};
}

/** What `docker load` does with the store of containerd, and `ctr`, too. */
function dockerContainerd(
  { inspection, docker, layout }: LoaderFacts,
): Outcome {
  if (inspection.source.kind === "layout") return { no: NO_FOLDER };
  const isLayout = inspection.source.entries.has("oci-layout");
  if (!isLayout) return { no: refusal(docker, "manifest.json", BROKEN_DOCKER) };
  const no = refusal(layout, "index.json", BROKEN_STORE);
  if (no !== undefined) return { no };
  const other = layout.images
    .flatMap(({ digest = "", imageId = "", layers }) => [
      digest.split(":")[0],
      imageId.split(":")[0],
      ...layers.map(({ name }) => name.split("/")[1]),
    ])
    .find((algorithm) => algorithm && algorithm !== "sha256");
  if (other) return { no: `it knows no digests by ${other}` };
  return nameless(layout);
}

/** What `podman load` does: it tries one form after the other. */
function podman({ inspection, docker, layout }: LoaderFacts): Outcome {
  const single = layout.entries === 1
    ? undefined
    : `index.json names ${layout.entries} images instead of one`;
  const no = refusal(layout, "index.json", BROKEN_STORE) ?? single;
  if (no === undefined) return nameless(layout);
  if (inspection.source.kind === "layout" || !docker.present) return { no };
  return tarfile(docker);
}

/** What `skopeo copy docker-archive:FILE` does. */
function skopeoDocker(
  { inspection, docker, path }: LoaderFacts,
): Outcome {
  if (inspection.source.kind === "layout") return { no: NO_FOLDER };
  if (hasColon(path)) return { no: "the path holds a colon" };
  const outcome = tarfile(docker);
  return outcome.no === undefined && docker.entries > 1
    ? {
      yes: `one of ${docker.entries} must be chosen, as FILE:NAME or FILE:@0`,
    }
    : outcome;
}

/** What `skopeo copy oci-archive:FILE` and `oci:FOLDER` do. */
function skopeoOci({ layout, path }: LoaderFacts): Outcome {
  if (hasColon(path)) return { no: "the path holds a colon" };
  const no = refusal(layout, "index.json", BROKEN_COPY);
  if (no !== undefined) return { no };
  return layout.entries > 1
    ? { yes: `one of ${layout.entries} must be chosen by its name` }
    : {};
}

/** The rules of containers/image for a Docker archive. */
function tarfile(docker: FormFacts): Outcome {
  const no = refusal(docker, "manifest.json", BROKEN_DOCKER);
  if (no !== undefined) return { no };
  if (docker.size > MAX_TARFILE_MANIFEST) {
    return { no: `manifest.json has more than ${MAX_TARFILE_MANIFEST} bytes` };
  }
  const diffIds = new Map<string, string | undefined>();
  for (const { name, linked, diffId } of allLayers(docker)) {
    if (linked) return { no: `the layer ${name} is a link` };
    if ((diffIds.get(name) ?? diffId) !== diffId) {
      return { no: `the layer ${name} has two diffIDs` };
    }
    diffIds.set(name, diffId);
  }
  return {};
}

/** Why none of the form's images can be taken, or one of them cannot. */
function refusal(
  form: FormFacts,
  document: string,
  codes: VerifyProblemCode[],
): string | undefined {
  const fatal = ({ code }: VerifyProblem) => codes.includes(code);
  const problem = [form, ...form.images]
    .flatMap(({ problems }: FormFacts | ImageFacts) => problems).find(fatal);
  if (problem) return words(problem);
  if (!form.present) return `there is no ${document}`;
  return form.images.length ? undefined : `${document} names no image`;
}

function words({ subject, message }: VerifyProblem): string {
  return `${subject}: ${message}`;
}

function allLayers({ images }: FormFacts) {
  return images.flatMap(({ layers }) => layers);
}

function nameless({ images, problems }: FormFacts): Outcome {
  const wrong = problems.some(({ code }) => code === "reference");
  return wrong || images.some(({ names }) => !names.length)
    ? { yes: "the image will have no name" }
    : {};
}

/** A colon ends the path for skopeo, but for that of a drive. */
function hasColon(path: string): boolean {
  return path.replace(/^[A-Za-z]:[\\/]/, "").includes(":");
}
