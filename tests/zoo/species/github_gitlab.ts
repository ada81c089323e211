/** GHCR and GitLab. */

import { json, problem } from "../../registry_server/answers.ts";
import type { Facts } from "../facts.ts";
import { usual, wrongLogin } from "./sentences.ts";

/** GitHub's registry. */
export const ghcr: Facts = {
  name: "GHCR",
  registry: "ghcr.io",
  open: "owner/open",
  closed: "owner/private",
  user: "ann",
  auth: {
    kind: "bearer",
    realm: "https://ghcr.io/token",
    service: "ghcr.io",
    challenge: (right, { scope }) =>
      scope === undefined
        ? `${right},scope="repository:user/image:pull"`
        : right,
    lifetime: 300,
    reply: (token) => ({ token }),
    post: 405,
    wrong: problem(403, "DENIED", "denied: denied"),
    closed: problem(401, "UNAUTHORIZED", "authentication required"),
  },
  storage: {
    host: "pkg-containers.githubusercontent.com",
    status: 307,
    lifetime: 300,
    kind: "azure",
  },
  noRepository: problem(404, "NAME_UNKNOWN", "repository name not known"),
  noTag: problem(404, "MANIFEST_UNKNOWN", "manifest unknown"),
  uploads: {
    rules: { folder: "upload" },
    // It knows no list of referrers, and may send whoever asks to a web page.
    referrers: {
      status: 303,
      headers: { location: "https://ghcr.io/login" },
      bytes: new Uint8Array(),
    },
  },
  sentences: {
    ...usual("ghcr.io"),
    // It says the same of a wrong password.
    noAccess: wrongLogin("ghcr.io"),
    wrongLogin: {
      ...wrongLogin("ghcr.io"),
      says: /ghcr\.io refuses this login, or has no such image .*denied/,
    },
  },
};

/** GitLab; the host of its blobs is not known first-hand. */
export const gitlab: Facts = {
  name: "GitLab",
  registry: "registry.gitlab.com",
  open: "group/open",
  closed: "group/private",
  user: "gitlab+deploy-token-1",
  auth: {
    kind: "bearer",
    realm: "https://gitlab.com/jwt/auth",
    service: "container_registry",
    lifetime: 60,
    reply: (token) => ({ token }),
    post: 404,
    wrong: json(403, {
      errors: [{ code: "DENIED", message: "access forbidden" }],
      http_status: "forbidden",
    }),
    closed: json(403, {
      errors: [{ code: "DENIED", message: "access forbidden" }],
      http_status: "forbidden",
    }),
  },
  storage: {
    host: "cdn.registry.gitlab-static.net",
    status: 307,
    lifetime: 1200,
    kind: "gcs",
  },
  noRepository: problem(404, "NAME_UNKNOWN", "repository name not known"),
  noTag: json(404, {
    errors: [{
      code: "MANIFEST_UNKNOWN",
      message: "manifest unknown",
      detail: { Tag: "9.9" },
    }],
  }),
  uploads: { rules: { location: "absolute" }, fallback: "subject" },
  sentences: {
    ...usual("registry.gitlab.com"),
    wrongLogin: {
      ...wrongLogin("registry.gitlab.com"),
      says: /refuses this login, or has no such image .*access forbidden/,
    },
  },
};
