/** `docker-pull verify --against`: whether a target has what a delta lacks. */

import { type AgainstReport, verifyAgainst } from "../../lib/verify/against.ts";
import { format as formatBytes } from "@std/fmt/bytes";
import { nameBase } from "../access/base.ts";
import { withLookAccess } from "../access/look_access.ts";
import { layersText } from "../messages/deltas.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import type { VerifyCommandOptions } from "./verify_options.ts";

/** Holds a file against what the options say that its target has. */
export async function holdAgainst(
  { path, against, access }: VerifyCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
): Promise<AgainstReport> {
  const base = await nameBase(against, "against", io);
  const { registries } = base;
  return await withLookAccess(
    registries.length === 0 ? undefined : { registries, mirrors: [] },
    access,
    io,
    context,
    services,
    async (look) => {
      // Of an image, whatever platform the target runs.
      const target = await base.read({ ...look, platform: "all" }, context);
      return await verifyAgainst(path, target, { signal: look.signal });
    },
  );
}

/** What is printed of it. */
export function againstLines(
  { ok, delta, missing }: AgainstReport,
  style: Style,
): string[] {
  if (!delta) {
    return [
      `${style.good("target ")}  nothing is needed there: it is no delta`,
    ];
  }
  if (ok) {
    return [
      `${style.good("target ")}  it has what the file leaves out: ` +
      layersText(delta.layers),
    ];
  }
  return [
    ...missing.map(({ digest, diffId, size }) =>
      `${style.bad("missing")}  ${
        neutralize(`${digest}, ${formatBytes(size)}, diffID ${diffId}`)
      }`
    ),
    `${style.bad("target ")}  it lacks ${missing.length} of the ` +
    `${delta.layers.length} layers that the file leaves out`,
  ];
}
