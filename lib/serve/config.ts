/** What is told of an image from its configuration, whatever that looks like. */

import { defined } from "../image/defined.ts";
import type { Platform } from "../image/types.ts";

/** Of a configuration, what is shown. */
export interface ConfigFacts {
  /** The platform, where it names one. */
  platform?: Platform;
  /** When the image was made. */
  created?: string;
  /** What made each layer, lowest first. */
  steps: string[];
}

/** Reads what a configuration says; what makes no sense is left out. */
export function configFacts(bytes: Uint8Array): ConfigFacts {
  const text = (value: unknown) =>
    typeof value === "string" && value !== "" ? value : undefined;
  let fields: Record<string, unknown>;
  try {
    fields = Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return { steps: [] };
  }
  const [os, architecture] = [text(fields.os), text(fields.architecture)];
  const history = Array.isArray(fields.history) ? fields.history : [];
  return defined({
    platform: os === undefined || architecture === undefined
      ? undefined
      : defined({
        os,
        architecture,
        variant: text(fields.variant),
        "os.version": text(fields["os.version"]),
      }),
    created: text(fields.created),
    steps: history.filter((step) => step?.empty_layer !== true)
      .map((step) => text(step?.created_by) ?? ""),
  });
}

/** The platform of a configuration. */
export function configPlatform(bytes: Uint8Array): Platform | undefined {
  return configFacts(bytes).platform;
}
