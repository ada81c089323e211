/** `docker-pull verify`: checks an archive or a layout. */

import { format as formatBytes } from "@std/fmt/bytes";
import type {
  LoaderName,
  VerifiedImage,
  VerifyReport,
} from "../../lib/verify/report.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { reasonOf } from "../messages/reasons.ts";
import { EXIT, type ExitCode } from "../messages/exit_codes.ts";
import { abortOnSignals } from "../signals.ts";
import { createStyle, type Style } from "../progress/style.ts";
import { LiveArea } from "../progress/terminal.ts";
import { neutralize, truncate } from "../progress/text.ts";
import type { Run } from "./command.ts";
import type { VerifyCommandOptions } from "./verify_options.ts";

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
  { path, json },
  { stdout, stderr, env, signals },
  context,
) => {
  context.subject = "archive";
  const area = stderr.isTTY && env.TERM !== "dumb"
    ? new LiveArea(stderr)
    : undefined;
  const { signal, stop } = abortOnSignals(signals, {
    beforeExit: () => area?.clear(),
    beforeStop: area && (() => area.clear()),
  });
  let report: VerifyReport;
  try {
    const onProgress = area && showProgress(area);
    report = await verifyImage(path, {
      signal,
      onProgress,
      explain: reasonOf,
    });
  } finally {
    stop();
    area?.clear();
  }
  const code = exitCode(report);
  return json
    ? { document: report, code }
    : { lines: reportLines(report, createStyle(stdout, env)), code };
};

/** Draws how far it is, whenever another hundredth has been read. */
function showProgress(
  area: LiveArea,
): (done: number, total: number) => void {
  let shown = -1;
  return (done, total) => {
    const percent = Math.floor(done / Math.max(1, total) * 100);
    if (percent === shown) return;
    shown = percent;
    const text = `Verifying ${percent}% of ${formatBytes(total)}`;
    area.update([], [truncate(text, area.columns)]);
  };
}

function exitCode({ problems }: VerifyReport): ExitCode {
  const damage = ["digest", "size", "diff-id"];
  if (problems.some(({ code }) => damage.includes(code))) return EXIT.mismatch;
  return problems.length ? EXIT.other : EXIT.ok;
}

function reportLines(report: VerifyReport, style: Style): string[] {
  const { path, kind, images, problems, notes, loaders } = report;
  const width = Math.max(...Object.values(LOADERS).map(({ length }) => length));
  const lines = [
    `${kind} ${path}`,
    ...images.map((image) => imageLine(image)),
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
