/** Registries that are of interest for what is pushed to them. */

import { problem } from "../../registry_server/answers.ts";
import type { Facts } from "../facts.ts";
import { ALL } from "./all.ts";
import { mcr } from "./microsoft.ts";
import { pullThrough } from "./docker.ts";
import { noRepository, noRoom, noTag, readOnly } from "./sentences.ts";

const PLAIN = {
  open: "team/app",
  user: "nobody",
  noRepository: problem(404, "NAME_UNKNOWN", "repository name not known"),
  noTag: problem(404, "MANIFEST_UNKNOWN", "manifest unknown"),
  sentences: { noRepository, noTag },
} as const;

/** distribution 3, which keeps every byte that came. */
const distribution: Facts = {
  ...PLAIN,
  name: "distribution 3",
  registry: "registry3.example.com",
  uploads: {
    rules: {
      location: "absolute",
      room: 12e6,
      noRoomStatus: 500,
      noRoomWords: "filesystem: write /var/lib/registry: no space left on " +
        "device",
    },
    sentences: { room: noRoom },
  },
};

/** zot, which takes OCI's types only, and forgets what breaks off. */
const zot: Facts = {
  ...PLAIN,
  name: "zot",
  registry: "zot.example.com",
  uploads: {
    rules: {
      forgetsBroken: true,
      referrers: true,
      mediaTypes: [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
      ],
    },
  },
};

/** A registry behind a front end, which takes no more than so much at a time. */
const frontEnd: Facts = {
  ...PLAIN,
  name: "a front end with a limit",
  registry: "front.example.com",
  uploads: { rules: { maxBody: 5e6 } },
};

/** One that names the least that a part may have. */
const leastParts: Facts = {
  ...PLAIN,
  name: "OCI-Chunk-Min-Length",
  registry: "parts.example.com",
  uploads: { rules: { minChunk: 5 * 2 ** 20 } },
};

/** Several servers for one name, which do not know of each other's uploads. */
const forgetful: Facts = {
  ...PLAIN,
  name: "a registry that forgets its uploads",
  registry: "forgets.example.com",
  uploads: { rules: { forgetsAfter: 1 } },
};

/** One that cannot be asked how far an upload is. */
const silent: Facts = {
  ...PLAIN,
  name: "a registry that does not tell how far it is",
  registry: "silent.example.com",
  uploads: { rules: { silent: true, location: "uuid" } },
};

/** One that is in maintenance: it can be pulled from, and nothing is taken. */
const maintained: Facts = {
  ...PLAIN,
  name: "a registry in maintenance",
  registry: "maintained.example.com",
  uploads: { rules: { readOnly: 403 }, sentences: { readOnly } },
};

/** Every registry that takes what is pushed. */
export const PUSHED: readonly Facts[] = [
  ...ALL.filter(({ uploads }) => uploads),
  distribution,
  zot,
  frontEnd,
  leastParts,
  forgetful,
  silent,
];

/** Those that refuse something. */
export const REFUSING: readonly Facts[] = [
  ...PUSHED,
  maintained,
  ...[mcr, pullThrough].map((facts) => ({
    ...facts,
    uploads: { rules: { readOnly: 405 }, sentences: { readOnly } },
  })),
];
