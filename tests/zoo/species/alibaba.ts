/** Alibaba Cloud's ACR, personal and enterprise. */

import { problem } from "../../registry_server/answers.ts";
import type { Facts } from "../facts.ts";
import { usual } from "./sentences.ts";

const REFUSED = problem(401, "UNAUTHORIZED", "authentication required");
const DENIED = problem(
  401,
  "DENIED",
  "requested access to the resource is denied",
);
const MISSING = problem(404, "MANIFEST_UNKNOWN", "manifest unknown");
const STORAGE = {
  status: 307,
  lifetime: 1200,
  kind: "oss",
} as const;

/** ACR for persons. */
export const alibabaPersonal: Facts = {
  name: "Alibaba ACR personal",
  registry: "registry.cn-hangzhou.aliyuncs.com",
  open: "google_containers/pause",
  closed: "team/app",
  user: "ann@example.com",
  auth: {
    kind: "bearer",
    realm: "https://dockerauth.cn-hangzhou.aliyuncs.com/auth",
    service: "registry.aliyuncs.com:cn-hangzhou:26842",
    lifetime: 300,
    reply: (access_token, expires_in) => ({
      access_token,
      expires_in,
      token: access_token,
    }),
    post: 405,
    wrong: REFUSED,
  },
  storage: {
    ...STORAGE,
    host: "aliregistry.oss-cn-hangzhou.aliyuncs.com",
  },
  noRepository: MISSING,
  noTag: MISSING,
  insufficient: DENIED,
  uploads: { rules: {} },
  sentences: usual("registry.cn-hangzhou.aliyuncs.com"),
};

/** ACR for enterprises, whose passwords last for an hour. */
export const alibabaEnterprise: Facts = {
  name: "Alibaba ACR enterprise",
  registry: "team-registry.cn-hangzhou.cr.aliyuncs.com",
  open: "open/app",
  closed: "team/app",
  user: "cr_temp_user",
  auth: {
    kind: "bearer",
    realm: "https://dockerauth-ee.cn-hangzhou.aliyuncs.com/auth",
    service: "registry.aliyuncs.com:cn-hangzhou:cri-0123456789abcdef",
    lifetime: 300,
    reply: (access_token, expires_in) => ({ access_token, expires_in }),
    post: 405,
    wrong: REFUSED,
  },
  storage: {
    ...STORAGE,
    host: "cri-0123456789abcdef-registry.oss-cn-hangzhou.aliyuncs.com",
  },
  noRepository: MISSING,
  noTag: MISSING,
  insufficient: DENIED,
  uploads: { rules: {} },
  sentences: usual("team-registry.cn-hangzhou.cr.aliyuncs.com"),
};
