/** `docker-pull verify`: checks an archive or a layout. */

import { format as formatBytes } from "@std/fmt/bytes";
import type {
  LoaderName,
  VerifiedImage,
  VerifyReport,
} from "../../lib/verify/report.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { tellReport, type ToldReport } from "../messages/verify.ts";
import { leftOutText } from "../messages/deltas.ts";
import { EXIT, type ExitCode, gravest } from "../messages/exit_codes.ts";
import { createStyle, type Style } from "../progress/style.ts";
import { showReading } from "../progress/reading.ts";
import type { Io } from "../io.ts";
import { neutralize } from "../progress/text.ts";
import type { Run } from "./command.ts";
import type { OfBytes, VerifyCommandOptions } from "./verify_options.ts";

/** What each program is called by who types it. */
const LOADERS: Readonly<Record<LoaderName, string>> = {
  "docker-classic": "docker load, classic store",
  "docker-containerd": "docker load, containerd store",
  "containerd": "ctr images import",
  "podman": "podman load",
  "skopeo-docker-archive": "skopeo, docker-archive:",
  "skopeo-oci": "skopeo, oci-archive: or oci:",
};

/** Verifies as the options say. */
export const runVerify: Run<VerifyCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { path, json, trust, against } = options;
  context.subject = "archive";
  const held = against.length > 0
    ? await (await import("./verify_against.ts"))
      .holdAgainst(options, io, context, services)
    : undefined;
  const tell = async (report: VerifyReport) => {
    const style = createStyle(io.stdout, io.env);
    const told = tellReport(report);
    const lines = reportLines(told, style);
    const code = exitCode(report);
    if (!held) return { told, lines, code };
    const { againstLines } = await import("./verify_against.ts");
    return {
      told: { ...told, against: held },
      lines: [...lines, ...againstLines(held, style)],
      code: gravest([code, held.ok ? EXIT.ok : EXIT.lacking]),
    };
  };
  if (trust) {
    const { runVerifySignatures } = await import("./verify_signatures.ts");
    const ofBytes: OfBytes = async () => await tell(await look(path, io));
    const all = { ...options, trust, ofBytes };
    return await runVerifySignatures(all, io, context, services);
  }
  const { told, lines, code } = await tell(await look(path, io));
  return json ? { document: told, code } : { lines, code };
};

async function look(path: string, io: Io): Promise<VerifyReport> {
  return await showReading(
    "Verifying",
    io,
    (signal, onProgress) => verifyImage(path, { signal, onProgress }),
  );
}

function exitCode({ problems }: VerifyReport): ExitCode {
  const damage = ["digest", "size", "diff-id"];
  if (problems.some(({ code }) => damage.includes(code))) return EXIT.mismatch;
  return problems.length ? EXIT.other : EXIT.ok;
}

function reportLines(report: ToldReport, style: Style): string[] {
  const { path, kind, images, delta, problems, notes, loaders } = report;
  const width = Math.max(...Object.values(LOADERS).map(({ length }) => length));
  const lines = [
    `${kind} ${path}`,
    ...images.map((image) => imageLine(image)),
    ...(delta ? [`without ${leftOutText(delta)}`] : []),
    ...problems.map(({ subject, message }) => `${subject}: ${message}`),
    ...notes,
    ...loaders.map(({ name, accepts, reason }) =>
      [
        LOADERS[name].padEnd(width),
        accepts ? "yes" : "no",
        ...(reason === undefined ? [] : [reason]),
      ].join("  ")
    ),
  ].map(neutralize);
  const marks = [
    "",
    ...images.map(({ ok }) =>
      ok ? style.good("image  ") : style.bad("image  ")
    ),
    ...(delta ? [style.warn("delta  ")] : []),
    ...problems.map(() => style.bad("problem")),
    ...notes.map(() => style.warn("note   ")),
    ...loaders.map(({ accepts }) =>
      accepts ? style.good("loader ") : style.bad("loader ")
    ),
  ];
  return [
    ...lines.map((line, i) => marks[i] ? `${marks[i]}  ${line}` : line),
    problems.length
      ? `Something is wrong: ${problems.length} ${
        problems.length === 1 ? "problem" : "problems"
      }`
      : "Nothing is wrong",
  ];
}

function imageLine(
  { names, imageId, digest, platform, layers, size }: VerifiedImage,
): string {
  return [
    names.join(", ") || imageId || digest || "an image without a name",
    ...(platform === undefined ? [] : [platform]),
    `${layers} ${layers === 1 ? "layer" : "layers"}`,
    formatBytes(size),
    ...(names.length && imageId ? [imageId] : []),
  ].join(", ");
}
