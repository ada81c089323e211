/** What a thing is that is no image, and the program that takes it. */

import type { ArtifactKind, NotAnImageError } from "../../lib/image/errors.ts";
import {
  formatReference,
  type Reference,
  registryHost,
} from "../../lib/image/reference.ts";
import { invalidSentence } from "./reasons.ts";
import { EXIT } from "./exit_codes.ts";
import type { ErrorContext, Explanation } from "./explanation.ts";

/** What it is called, and what takes it; `IMAGE` stands for its name. */
const ARTIFACTS: Readonly<Record<ArtifactKind, readonly [string, string]>> = {
  "attestation": [
    "an attestation about an image",
    "cosign verify-attestation checks it; oras pull IMAGE fetches it",
  ],
  "build-cache": [
    "a build cache of BuildKit",
    "docker buildx build --cache-from type=registry,ref=IMAGE takes it",
  ],
  "compose": ["a Compose project", "docker compose -f oci://IMAGE up"],
  "docker-model": ["a model", "docker model pull IMAGE"],
  "docker-plugin": ["a plugin for Docker", "docker plugin install IMAGE"],
  "files": ["a set of files", "oras pull IMAGE"],
  "flux": [
    "an artifact of Flux",
    "flux pull artifact oci://IMAGE --output FOLDER",
  ],
  "helm-chart": ["a Helm chart", "helm pull oci://NAME"],
  "model": ["a model", "modctl pull IMAGE, or oras pull IMAGE"],
  "ollama-model": ["a model of Ollama", "ollama pull IMAGE"],
  "policy": [
    "policies of Open Policy Agent",
    "conftest pull oci://IMAGE, or oras pull IMAGE",
  ],
  "sbom": ["a list of an image's software", "oras pull IMAGE"],
  "signature": [
    "a signature of an image",
    "cosign verify or notation verify takes it, with that image's name; " +
    "oras pull IMAGE fetches it",
  ],
  "singularity": ["an image of Singularity", "apptainer pull oras://IMAGE"],
  "wasm": [
    "a module of WebAssembly",
    "oras pull IMAGE, and a runtime such as wasmtime",
  ],
};

/** What something is called that is no image. */
export function artifactName(artifact: ArtifactKind): string {
  return ARTIFACTS[artifact][0];
}

/** Puts in words that it is no image. */
export function explainArtifact(
  error: NotAnImageError,
  { reference, image, named, action, subject, command: doing }: ErrorContext,
): Explanation {
  const [name, command] = ARTIFACTS[error.artifact];
  const code = EXIT.noImage;
  if (subject === "archive" && !action) {
    return { sentence: invalidSentence(error), code };
  }
  const says = `it is ${name}, and no container image (${error.mediaType})`;
  const what = action ?? `pull ${JSON.stringify(image ?? "this")}`;
  return {
    sentence: named ? says : `Cannot ${what}: ${says}`,
    hint: doing === "copy"
      ? "docker-pull copy brings it to a registry, to oci:FOLDER or to " +
        "oci-archive:FILE"
      : reference
      ? command.replaceAll("IMAGE", formatReference(reference))
        .replace("NAME", chartName(reference))
      : command,
    code,
  };
}

/** As Helm wants a chart: the version apart, and Docker Hub's own host. */
function chartName({ registry, repository, tag, digest }: Reference): string {
  const name = `${registryHost(registry)}/${repository}`;
  return digest ? `${name}@${digest}` : `${name} --version ${tag}`;
}
