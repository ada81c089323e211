/** Artifactory and nvcr.io. */

import { json, problem } from "../../registry_server/answers.ts";
import type { Facts } from "../facts.ts";
import { noTag, usual } from "./sentences.ts";

/** Artifactory. */
export const artifactory: Facts = {
  name: "Artifactory",
  registry: "team.jfrog.io",
  open: "docker-local/app",
  closed: "docker-private/app",
  user: "ann",
  auth: {
    kind: "bearer",
    realm: "https://team.jfrog.io:443/artifactory/api/docker/docker-local/" +
      "v2/token",
    service: "team.jfrog.io:443",
    // Its HEAD names no scope.
    challenge: (right, { method }) =>
      method === "HEAD" ? right.replace(/,scope="[^"]*"/, "") : right,
    lifetime: 3600,
    reply: (token, expires_in) => ({ token, expires_in }),
    post: 401,
    wrong: json(401, {
      errors: [{ status: 401, message: "Bad credentials" }],
    }),
  },
  storage: {
    host: "jfrog-prod-use1-shared-virginia-main.s3.amazonaws.com",
    status: 302,
    lifetime: 600,
    kind: "s3",
  },
  noRepository: problem(404, "NAME_UNKNOWN", "Repository not found"),
  noTag: problem(404, "MANIFEST_UNKNOWN", "The named manifest is not known"),
  amend: ({ path }, answer) =>
    path.includes("/manifests/") && answer.status === 200
      ? {
        ...answer,
        headers: {
          ...answer.headers,
          "content-type": "application/json;charset=ISO-8859-1",
        },
      }
      : answer,
  uploads: { rules: { location: "absolute" } },
  sentences: usual("team.jfrog.io"),
};

/** NVIDIA's registry; the host of its layers is not known first-hand. */
export const nvcr: Facts = {
  name: "nvcr.io",
  registry: "nvcr.io",
  open: "nvidia/cuda",
  closed: "team/app",
  user: "$oauthtoken",
  auth: {
    kind: "bearer",
    realm: "https://nvcr.io/proxy_auth",
    // No service; and another token server once a token has run out.
    challenge: (right, { scope, error }) =>
      error === "invalid_token"
        ? 'Bearer realm="https://authn.nvidia.com/token",service="registry",' +
          `scope="${scope}",error="invalid_token"`
        : right,
    lifetime: 600,
    reply: (token, expires_in) => ({ token, expires_in }),
    post: 405,
    wrong: json(401, {
      requestStatus: {
        statusCode: "UNAUTHORIZED",
        statusDescription: "Invalid API key",
      },
    }),
  },
  noRepository: problem(404, "NAME_UNKNOWN", "name unknown"),
  noTag: problem(404, "MANIFEST_UNKNOWN", "manifest unknown"),
  // Manifests come as text.
  amend: ({ path }, answer) =>
    path.includes("/manifests/") && answer.status === 200
      ? {
        ...answer,
        headers: { ...answer.headers, "content-type": "text/plain" },
      }
      : answer,
  uploads: { rules: {} },
  sentences: { ...usual("nvcr.io"), noTag },
};
