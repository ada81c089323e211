/** Every registry of the zoo. */

import type { Facts } from "../facts.ts";
import { alibabaEnterprise, alibabaPersonal } from "./alibaba.ts";
import { ecr, ecrPublic } from "./amazon.ts";
import { dockerHub, htpasswd, pullThrough } from "./docker.ts";
import { ghcr, gitlab } from "./github_gitlab.ts";
import { artifactRegistry, gcr } from "./google.ts";
import { harbor, quay } from "./harbor_quay.ts";
import { artifactory, nvcr } from "./jfrog_nvidia.ts";
import { azure, mcr } from "./microsoft.ts";

/** Every registry of the zoo. */
export const ALL: readonly Facts[] = [
  dockerHub,
  gcr,
  artifactRegistry,
  ecr,
  ecrPublic,
  harbor,
  quay,
  alibabaPersonal,
  alibabaEnterprise,
  ghcr,
  mcr,
  azure,
  gitlab,
  artifactory,
  nvcr,
  htpasswd,
  pullThrough,
];
