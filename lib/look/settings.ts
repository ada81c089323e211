/** What an image's configuration says beside its layers. */

import { defined } from "../image/defined.ts";
import type { Document } from "../image/types.ts";

/** How a container of an image is run, unless it is told otherwise. */
export interface ImageSettings {
  /** The user. */
  user?: string;
  /** The folder that it begins in. */
  workingDir?: string;
  /** What is run. */
  entrypoint?: string[];
  /** What is run, or what `entrypoint` is given. */
  cmd?: string[];
  /** The environment, as `NAME=value`. */
  env?: string[];
  /** The ports, such as `80/tcp`. */
  exposedPorts?: string[];
  /** The folders that are volumes. */
  volumes?: string[];
  /** The signal that ends it. */
  stopSignal?: string;
  /** Free metadata. */
  labels?: Record<string, string>;
}

/** A step of how an image was made. */
export interface HistoryStep {
  /** When, in RFC 3339. */
  created?: string;
  /** By which command. */
  createdBy?: string;
  /** By whom. */
  author?: string;
  /** What was said of it. */
  comment?: string;
  /** Whether it has made no layer. */
  emptyLayer: boolean;
}

/** What is read of a configuration. */
export interface ImageDetails {
  /** When the image was made, in RFC 3339. */
  created?: string;
  /** By whom. */
  author?: string;
  /** How it is run. */
  settings: ImageSettings;
  /** How it was made, oldest first. */
  history: HistoryStep[];
}

/**
 * Reads what people look for in a configuration. Nothing of it is needed to
 * pull the image, so what has another type than it should have is left out.
 *
 * @param config The configuration, which is known to be an object in JSON.
 * @see {@link https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md}
 */
export function imageDetails({ bytes }: Document): ImageDetails {
  const fields = objectOf(JSON.parse(new TextDecoder().decode(bytes)));
  const own = objectOf(fields.config);
  const history = Array.isArray(fields.history) ? fields.history : [];
  return defined({
    created: text(fields.created),
    author: text(fields.author),
    settings: defined({
      user: text(own.User),
      workingDir: text(own.WorkingDir),
      entrypoint: texts(own.Entrypoint),
      cmd: texts(own.Cmd),
      env: texts(own.Env),
      exposedPorts: keys(own.ExposedPorts),
      volumes: keys(own.Volumes),
      stopSignal: text(own.StopSignal),
      labels: labels(own.Labels),
    }),
    history: history.map((step): HistoryStep => {
      const { created, created_by, author, comment, empty_layer } = objectOf(
        step,
      );
      return defined({
        created: text(created),
        createdBy: text(created_by),
        author: text(author),
        comment: text(comment),
        emptyLayer: empty_layer === true,
      });
    }),
  });
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  // Very old ones have a command as one text.
  if (typeof value === "string" && value !== "") return [value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.filter((each) => typeof each === "string");
}

function keys(value: unknown): string[] | undefined {
  const names = Object.keys(objectOf(value));
  return names.length === 0 ? undefined : names;
}

function labels(value: unknown): Record<string, string> | undefined {
  const entries = Object.entries(objectOf(value)).filter(([, text]) =>
    typeof text === "string"
  );
  return entries.length === 0
    ? undefined
    : Object.fromEntries(entries) as Record<string, string>;
}
