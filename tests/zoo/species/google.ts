/** gcr.io and Artifact Registry. */

import { problem } from "../../registry_server/answers.ts";
import { type Facts, text } from "../facts.ts";
import { noImage, noTag, usual } from "./sentences.ts";

const WRONG = text(
  401,
  "Not Authorized.",
);

/** Google Container Registry. */
export const gcr: Facts = {
  name: "gcr.io",
  registry: "gcr.io",
  open: "distroless/static",
  closed: "project/private",
  user: "oauth2accesstoken",
  auth: {
    kind: "bearer",
    realm: "https://gcr.io/v2/token",
    service: "gcr.io",
    // Only /v2/ says how to log in; other requests get a bare 401.
    challenge: (right, { scope }) => scope === undefined ? right : undefined,
    lifetime: 300,
    reply: (token, expires_in) => ({
      expires_in,
      issued_at: new Date().toISOString(),
      token,
    }),
    post: 404,
    wrong: WRONG,
  },
  storage: {
    host: "storage.googleapis.com",
    status: 302,
    lifetime: 600,
    kind: "gcs",
  },
  noRepository: problem(404, "NAME_UNKNOWN", 'Failed to fetch "9.9"'),
  noTag: problem(404, "MANIFEST_UNKNOWN", 'Failed to fetch "9.9"'),
  uploads: { rules: { chunks: "refused" } },
  sentences: usual("gcr.io"),
};

/** Artifact Registry; the host of its blobs is not known first-hand. */
export const artifactRegistry: Facts = {
  name: "Artifact Registry",
  registry: "us-docker.pkg.dev",
  open: "project/open/app",
  closed: "project/private/app",
  user: "oauth2accesstoken",
  auth: {
    kind: "bearer",
    realm: "https://us-docker.pkg.dev/v2/token",
    service: "us-docker.pkg.dev",
    // At /v2/ there is no service.
    challenge: (right, { scope }) =>
      scope === undefined ? right.replace(/,service="[^"]*"/, "") : right,
    lifetime: 3600,
    reply: (token) => ({ token }),
    post: 404,
    wrong: problem(
      401,
      "UNAUTHENTICATED",
      "Request had invalid authentication credentials.",
    ),
    closed: problem(
      403,
      "DENIED",
      'Permission "artifactregistry.repositories.downloadArtifacts" denied ' +
        "on resource (or it may not exist).",
    ),
  },
  storage: {
    host: "storage.googleapis.com",
    status: 302,
    lifetime: 600,
    kind: "gcs",
  },
  noRepository: problem(404, "NAME_UNKNOWN", "Repository not found."),
  noTag: problem(404, "MANIFEST_UNKNOWN", "Requested entity was not found."),
  limit: problem(429, "TOOMANYREQUESTS", "Quota exceeded for quota metric"),
  // One part is taken, and no second one.
  uploads: { rules: { chunks: "first", chunkStatus: 416 } },
  sentences: {
    ...usual("us-docker.pkg.dev"),
    noTag: { ...noImage, ...noTag },
  },
};
