/** Docker Hub; registry:2 with htpasswd, and as a pull-through cache. */

import { json, problem } from "../../registry_server/answers.ts";
import { type Facts, text } from "../facts.ts";
import { limit, noImage, noRepository, noTag, usual } from "./sentences.ts";

const MISSING_TAG = problem(404, "MANIFEST_UNKNOWN", "manifest unknown");
const MISSING_NAME = problem(
  404,
  "NAME_UNKNOWN",
  "repository name not known to registry",
);

/** Docker Hub. */
export const dockerHub: Facts = {
  name: "Docker Hub",
  registry: "docker.io",
  host: "registry-1.docker.io",
  open: "library/nginx",
  closed: "ann/private",
  user: "ann",
  auth: {
    kind: "bearer",
    realm: "https://auth.docker.io/token",
    service: "registry.docker.io",
    lifetime: 300,
    reply: (token, expires_in) => ({
      token,
      access_token: token,
      expires_in,
      issued_at: new Date().toISOString(),
    }),
    post: "identity token",
    wrong: json(401, { details: "incorrect username or password" }),
  },
  storage: {
    host: "production.cloudfront.docker.com",
    status: 307,
    lifetime: 1200,
    kind: "cloudfront",
  },
  // A token that allows nothing comes first.
  noRepository: problem(404, "NAME_UNKNOWN", "never reached"),
  noTag: json(404, {
    errors: [{
      code: "MANIFEST_UNKNOWN",
      message: "manifest unknown",
      detail: "unknown tag=9.9",
    }],
  }),
  insufficient: problem(401, "UNAUTHORIZED", "authentication required"),
  limit: problem(
    429,
    "TOOMANYREQUESTS",
    "You have reached your unauthenticated pull rate limit. " +
      "https://www.docker.com/increase-rate-limit",
  ),
  uploads: { rules: { location: "absolute" } },
  amend: ({ path }, answer) =>
    path.includes("/manifests/")
      ? {
        ...answer,
        headers: {
          ...answer.headers,
          "docker-ratelimit-source": "192.0.2.1",
          "ratelimit-limit": "100;w=21600",
          "ratelimit-remaining": "76;w=21600",
        },
      }
      : answer,
  sentences: { ...usual("docker.io"), limit },
};

/** registry:2 with a file of passwords. */
export const htpasswd: Facts = {
  name: "registry:2 with htpasswd",
  registry: "registry.example.com:5000",
  closed: "team/app",
  user: "ann",
  auth: { kind: "basic", challenge: 'Basic realm="Registry Realm"' },
  noRepository: MISSING_NAME,
  noTag: MISSING_TAG,
  // It forgets an upload of which a request has broken off.
  uploads: { rules: { location: "absolute", forgetsBroken: true } },
  sentences: {
    ...usual("registry.example.com:5000"),
    noRepository,
    noAccess: noRepository,
  },
};

/** registry:2 with `proxy.remoteurl`, in front of Docker Hub. */
export const pullThrough: Facts = {
  name: "pull-through cache (registry:2 with proxy.remoteurl)",
  registry: "cache.example.com",
  open: "library/nginx",
  user: "nobody",
  noRepository: MISSING_NAME,
  noTag: MISSING_TAG,
  limit: text(
    429,
    '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your ' +
      'pull rate limit."}]}',
  ),
  // What it does not hold yet comes whole, whatever range was asked for.
  sentences: { noRepository, noTag: { ...noImage, ...noTag }, limit },
};
