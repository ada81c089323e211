/**
 * The members of images' documents that loaders go by: those of the
 * image-spec's and of Docker's own types. What may be of any name, such as
 * labels and annotations, is left alone.
 *
 * @see {@link https://github.com/opencontainers/image-spec/tree/v1.1.1/specs-go/v1}
 */

import type { Member, Shape } from "./strict_json.ts";

const STRINGS: Member = { list: "string" };
/** What Go keeps as `map[string]struct{}`. */
const SET: Member = { map: { foreign: true, members: {} } };

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
    Test: STRINGS,
    Interval: "int64",
    Timeout: "int64",
    StartPeriod: "int64",
    StartInterval: "int64",
    Retries: "int64",
  },
};

/** How containers of the image are run. */
const RUN_CONFIG: Shape = {
  foreign: true,
  members: {
    User: "string",
    ExposedPorts: SET,
    Env: STRINGS,
    // Docker took one text for a list of one.
    Entrypoint: "any",
    Cmd: "any",
    Volumes: SET,
    WorkingDir: "string",
    Labels: { map: "string" },
    StopSignal: "string",
    StopTimeout: "int64",
    ArgsEscaped: "bool",
    Healthcheck: HEALTHCHECK,
    OnBuild: STRINGS,
    Shell: "any",
  },
};

const HISTORY: Shape = {
  foreign: true,
  members: {
    created: "time",
    created_by: "string",
    author: "string",
    comment: "string",
    empty_layer: "bool",
  },
};

/** An image's configuration. */
export const CONFIG_SHAPE: Shape = {
  members: {
    os: "string",
    architecture: "string",
    variant: "string",
    "os.version": "string",
    "os.features": STRINGS,
    created: "time",
    author: "string",
    rootfs: { members: { type: "string", diff_ids: "text" } },
    history: { list: HISTORY },
    config: RUN_CONFIG,
    // Only older versions of Docker look at it.
    container_config: RUN_CONFIG,
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
