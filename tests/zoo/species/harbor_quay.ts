/** Harbor and Quay. */

import { json, problem } from "../../registry_server/answers.ts";
import type { Facts } from "../facts.ts";
import { fixedTag, noRoom, usual } from "./sentences.ts";

/** Harbor, with a robot account. */
export const harbor: Facts = {
  name: "Harbor",
  registry: "harbor.example.com",
  open: "library/app",
  closed: "team/app",
  user: "robot$team+puller",
  auth: {
    kind: "bearer",
    realm: "https://harbor.example.com/service/token",
    service: "harbor-registry",
    // A token that does not reach is answered with another scheme.
    challenge: (right, { error }) =>
      error === "insufficient_scope" ? 'Basic realm="harbor"' : right,
    lifetime: 1800,
    reply: (token, expires_in) => ({
      token,
      access_token: "",
      expires_in,
      issued_at: new Date().toISOString(),
    }),
    post: 405,
    wrong: problem(401, "UNAUTHORIZED", "unauthorized: unauthorized"),
  },
  noRepository: problem(
    404,
    "NOT_FOUND",
    "repository library/missing not found",
  ),
  noTag: problem(404, "NOT_FOUND", "artifact library/app:9.9 not found"),
  insufficient: problem(
    401,
    "UNAUTHORIZED",
    "unauthorized to access repository: team/app, action: pull: " +
      "unauthorized to access repository: team/app, action: pull",
  ),
  // Its registry is distribution 2.
  uploads: {
    rules: {
      forgetsBroken: true,
      fixedTags: 412,
      fixedWords: "Failed to process request due to 'app:TAG' configured as " +
        "immutable.",
      noRoomStatus: 403,
      noRoomWords: "adding 16.0 MiB of storage resource, which when updated " +
        "to the current usage of 1.0 GiB will exceed the configured upper " +
        "limit of 1.0 GiB.",
    },
    sentences: { tag: fixedTag, room: noRoom },
  },
  amend: (_record, answer) => ({
    ...answer,
    headers: {
      ...answer.headers,
      "set-cookie": "sid=0123456789abcdef; Path=/; HttpOnly",
    },
  }),
  sentences: usual("harbor.example.com"),
};

/** Quay. */
export const quay: Facts = {
  name: "Quay",
  registry: "quay.io",
  open: "prometheus/node-exporter",
  closed: "team/private",
  user: "team+puller",
  auth: {
    kind: "bearer",
    realm: "https://quay.io/v2/auth",
    service: "quay.io",
    lifetime: 3600,
    reply: (token) => ({ token }),
    post: 405,
    wrong: json(401, {
      detail: "Could not find robot with username: team+puller and supplied " +
        "password.",
      error_message: "Invalid Username or Password",
      error_type: "invalid_token",
      title: "invalid_token",
      status: 401,
    }),
  },
  storage: {
    host: "cdn03.quay.io",
    status: 302,
    lifetime: 600,
    kind: "cloudfront",
  },
  noRepository: problem(
    401,
    "UNAUTHORIZED",
    "access to the requested resource is not authorized",
  ),
  noTag: problem(404, "MANIFEST_UNKNOWN", "manifest unknown"),
  insufficient: problem(
    401,
    "UNAUTHORIZED",
    "access to the requested resource is not authorized",
  ),
  uploads: { rules: { location: "absolute" } },
  sentences: usual("quay.io"),
};
