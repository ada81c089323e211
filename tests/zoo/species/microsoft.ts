/** MCR and Azure's ACR. */

import { problem } from "../../registry_server/answers.ts";
import type { Facts } from "../facts.ts";
import { noImage, noTag, usual, wrongLogin } from "./sentences.ts";

/** Microsoft's own images, for everyone. */
export const mcr: Facts = {
  name: "MCR",
  registry: "mcr.microsoft.com",
  open: "dotnet/runtime",
  user: "nobody",
  storage: {
    host: "westeurope.data.mcr.microsoft.com",
    status: 307,
    lifetime: 600,
    kind: "azure",
  },
  noRepository: problem(404, "MANIFEST_UNKNOWN", "manifest unknown"),
  noTag: problem(
    404,
    "MANIFEST_UNKNOWN",
    'manifest tagged by "9.9" is not found',
  ),
  sentences: { noRepository: noImage, noTag },
};

const REALM = "https://team.azurecr.io/oauth2/token";

/** Azure's ACR, with a token, a service principal or an identity token. */
export const azure: Facts = {
  name: "Azure ACR",
  registry: "team.azurecr.io",
  open: "open/app",
  closed: "team/app",
  user: "00000000-0000-0000-0000-000000000000",
  auth: {
    kind: "bearer",
    realm: REALM,
    service: "team.azurecr.io",
    lifetime: 60,
    // Neither `token` nor `expires_in`.
    reply: (access_token) => ({ access_token }),
    post: "identity token",
    wrong: problem(
      401,
      "UNAUTHORIZED",
      "authentication required, visit https://aka.ms/acr/authorization for " +
        "more information.",
    ),
    closed: problem(
      401,
      "UNAUTHORIZED",
      "authentication required, visit https://aka.ms/acr/authorization for " +
        "more information. CorrelationId: 8f6a",
    ),
  },
  storage: {
    host: "weumanaged42.blob.core.windows.net",
    status: 307,
    lifetime: 1200,
    kind: "azure",
  },
  noRepository: problem(
    404,
    "NAME_UNKNOWN",
    "repository name not known to registry",
  ),
  noTag: problem(
    404,
    "MANIFEST_UNKNOWN",
    'manifest tagged by "9.9" is not found',
  ),
  uploads: { rules: { referrers: true } },
  sentences: {
    ...usual("team.azurecr.io"),
    // It says the same of a wrong password.
    noAccess: wrongLogin("team.azurecr.io"),
  },
};
