/** ECR, private and public. */

import { problem } from "../../registry_server/answers.ts";
import { type Facts, text } from "../facts.ts";
import {
  fixedTag,
  limit,
  noRepository,
  noTag,
  notMade,
  usual,
} from "./sentences.ts";

const ACCOUNT = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/** ECR, private. */
export const ecr: Facts = {
  name: "ECR private",
  registry: ACCOUNT,
  closed: "team/app",
  user: "AWS",
  auth: {
    kind: "basic",
    challenge: `Basic realm="https://${ACCOUNT}/",service="ecr.amazonaws.com"`,
    wrong: text(401, "Not Authorized\n"),
    expired: text(
      403,
      "Your authorization token has expired. Reauthenticate and try again.",
    ),
  },
  storage: {
    host: "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com",
    status: 307,
    lifetime: 3600,
    kind: "s3",
  },
  noRepository: problem(
    404,
    "NAME_UNKNOWN",
    "The repository with name 'team/missing' does not exist in the registry " +
      "with id '123456789012'",
  ),
  noTag: problem(404, "MANIFEST_UNKNOWN", "Requested image not found"),
  limit: problem(429, "TOOMANYREQUESTS", "Rate exceeded"),
  uploads: {
    rules: {
      location: "absolute",
      noMounts: true,
      fixedTags: 400,
      fixedWords: "The image tag 'TAG' already exists in the 'team/app' " +
        "repository and cannot be overwritten because the repository is " +
        "immutable.",
    },
    missing: problem(
      404,
      "NAME_UNKNOWN",
      "The repository with name 'team/missing' does not exist in the " +
        "registry with id '123456789012'",
    ),
    sentences: { missing: notMade, tag: fixedTag },
  },
  // Its GET of a manifest has no digest, its HEAD has.
  amend: ({ path, method }, answer) => {
    if (method !== "GET" || !path.includes("/manifests/")) return answer;
    const { "docker-content-digest": _, ...headers } = answer.headers;
    return { ...answer, headers };
  },
  sentences: {
    ...usual(ACCOUNT),
    noRepository,
    noAccess: noRepository,
    limit: { ...limit, hint: /try again later/ },
    expired: {
      says: /says that this login has expired/,
      hint: new RegExp(
        "aws ecr get-login-password --region us-east-1 \\| docker-pull login" +
          ` --password-stdin --username AWS ${ACCOUNT}`,
      ),
      code: 3,
    },
  },
};

const INVALID = problem(400, "DENIED", "Your Authorization Token is invalid.");

/** ECR, public. */
export const ecrPublic: Facts = {
  name: "public.ecr.aws",
  registry: "public.ecr.aws",
  open: "nginx/nginx",
  user: "AWS",
  auth: {
    kind: "bearer",
    realm: "https://public.ecr.aws/token/",
    service: "public.ecr.aws",
    lifetime: 43_200,
    reply: (token) => ({ token }),
    post: 405,
    wrong: INVALID,
    // No challenge comes with it.
    expired: problem(
      400,
      "DENIED",
      "Your Authorization Token has expired. Please reauthenticate.",
    ),
    basic: INVALID,
  },
  storage: {
    host: "d2glxqk2uabbnd.cloudfront.net",
    status: 307,
    lifetime: 3600,
    kind: "cloudfront",
  },
  noRepository: noSuchPublic("nginx/missing"),
  insufficient: noSuchPublic("nginx/missing"),
  noTag: problem(404, "MANIFEST_UNKNOWN", "Requested image not found"),
  limit: problem(429, "TOOMANYREQUESTS", "Rate exceeded"),
  sentences: { noRepository, noTag, limit },
};

function noSuchPublic(name: string) {
  return problem(
    404,
    "NAME_UNKNOWN",
    `The repository with name '${name}' does not exist in the registry`,
  );
}
