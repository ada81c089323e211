/**
 * The members of images' documents that loaders go by: those of the
 * image-spec's and of Docker's own types. What may be of any name, such as
 * labels and annotations, is left alone.
 *
 * @see {@link https://github.com/opencontainers/image-spec/tree/v1.1.1/specs-go/v1}
 */

import type { Shape } from "./strict_json.ts";

const PLATFORM: Shape = {
  members: {
    os: "text",
    architecture: "text",
    variant: "text",
    "os.version": "text",
    "os.features": "text",
  },
};

const DESCRIPTOR: Shape = {
  members: {
    mediaType: "text",
    digest: "text",
    size: "integer",
    urls: "text",
    annotations: "any",
    data: "text",
    platform: PLATFORM,
    artifactType: "text",
  },
};

/** An index or a manifest, of any schema: which of them is found out from it. */
export const MANIFEST_SHAPE: Shape = {
  members: {
    schemaVersion: "integer",
    mediaType: "text",
    artifactType: "text",
    config: DESCRIPTOR,
    layers: DESCRIPTOR,
    manifests: DESCRIPTOR,
    subject: DESCRIPTOR,
    annotations: "any",
    fsLayers: "any",
  },
};

const HEALTHCHECK: Shape = {
  foreign: true,
  members: {
    Test: "any",
    Interval: "any",
    Timeout: "any",
    StartPeriod: "any",
    StartInterval: "any",
    Retries: "any",
  },
};

/** How containers of the image are run. */
const RUN_CONFIG: Shape = {
  foreign: true,
  members: {
    User: "any",
    ExposedPorts: "any",
    Env: "any",
    Entrypoint: "any",
    Cmd: "any",
    Volumes: "any",
    WorkingDir: "any",
    Labels: "any",
    StopSignal: "any",
    StopTimeout: "any",
    ArgsEscaped: "any",
    Healthcheck: HEALTHCHECK,
    OnBuild: "any",
    Shell: "any",
  },
};

const HISTORY: Shape = {
  foreign: true,
  members: {
    created: "any",
    created_by: "any",
    author: "any",
    comment: "any",
    empty_layer: "any",
  },
};

/** An image's configuration. */
export const CONFIG_SHAPE: Shape = {
  members: {
    os: "text",
    architecture: "text",
    variant: "text",
    "os.version": "text",
    "os.features": "text",
    created: "text",
    rootfs: { members: { type: "text", diff_ids: "text" } },
    history: HISTORY,
    config: RUN_CONFIG,
  },
};

/** The `manifest.json` of `docker save`. */
export const ARCHIVE_SHAPE: Shape = {
  members: {
    Config: "text",
    RepoTags: "text",
    Layers: "text",
    Parent: "any",
    LayerSources: "any",
  },
};

/** The `oci-layout` file. */
export const LAYOUT_SHAPE: Shape = { members: { imageLayoutVersion: "text" } };
