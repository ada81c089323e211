/** `docker-pull verify --key`: checks who has signed. */

import { stat } from "node:fs/promises";
import {
  type SignedImage,
  verifySignatures,
} from "../../lib/proofs/verify_signatures.ts";
import type { SignatureTrust } from "../../lib/proofs/signature_options.ts";
import type { Place } from "../../lib/copy/places/places.ts";
import { openAccess, readImage } from "../access/image_access.ts";
import { readTrustFiles } from "../access/signatures.ts";
import type { Io, Services } from "../io.ts";
import { EXIT, gravest } from "../messages/exit_codes.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import {
  refusedLine,
  signatureReason,
  signedLine,
} from "../messages/signatures.ts";
import type { TrustOptions } from "../options/signature_options.ts";
import { createStyle, type Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import { abortOnSignals } from "../signals.ts";
import type { Outcome } from "./command.ts";
import type { OfBytes, VerifyCommandOptions } from "./verify_options.ts";

/** A path that can be no image's name. */
const PATH = /^[.~/\\]|\.(?:tar|tgz|tzst|zst|gz)$/;

/** What is verified, and what finds out whether the bytes of a file are right. */
interface Verification extends VerifyCommandOptions {
  trust: TrustOptions;
  ofBytes: OfBytes;
}

/** Verifies signatures, and the bytes of a file as well. */
export async function runVerifySignatures(
  options: Verification,
  io: Io,
  context: ErrorContext,
  services: Services,
): Promise<Outcome> {
  const { path, isImage, json, trust, ofBytes } = options;
  const believed = await readTrustFiles(trust);
  const isFile = !isImage && await stat(path).then(() => true, () => false);
  if (!isFile && (isImage || !PATH.test(path))) {
    return await inRegistry(options, believed, io, context, services);
  }
  context.subject = "archive";
  const { told, lines, code } = await ofBytes();
  const place: Place = { kind: "file", path };
  // Of what is damaged, nothing is proven.
  const signed = code === EXIT.ok
    ? await verifySignatures(place, believed)
    : [];
  const both = gravest([...signedCodes(signed), code]);
  if (json) {
    return {
      document: { ...told, signatures: tellSigned(signed) },
      code: both,
    };
  }
  const style = createStyle(io.stdout, io.env);
  return { lines: [...lines, ...signedLines(signed, style)], code: both };
}

async function inRegistry(
  { path, access, json }: Verification,
  believed: SignatureTrust,
  io: Io,
  context: ErrorContext,
  services: Services,
): Promise<Outcome> {
  context.image = path;
  const reference = readImage(path);
  const { registry, repository } = reference;
  Object.assign(context, { reference, registry, repository });
  const warn = (line: string) => void io.stderr.write(`${neutralize(line)}\n`);
  const { network, mirrors, connect } = await openAccess(
    { registries: [registry], mirrors: [] },
    access,
    io,
    context,
    { warn, log: warn },
    services,
  );
  const { signal, stop } = abortOnSignals(io.signals, {});
  try {
    const signed = await verifySignatures({ kind: "registry", reference }, {
      ...connect(signal),
      ...believed,
      mirrors,
      signal,
    });
    const code = gravest([...signedCodes(signed), EXIT.ok]);
    return json
      ? { document: { signatures: tellSigned(signed) }, code }
      : { lines: signedLines(signed, createStyle(io.stdout, io.env)), code };
  } finally {
    stop();
    network.close();
  }
}

function signedCodes(signed: readonly SignedImage[]) {
  return signed.some(({ problem }) => problem) ? [EXIT.signature] : [];
}

function tellSigned(signed: readonly SignedImage[]) {
  return signed.map((image) => ({
    ...image,
    message: image.problem && signatureReason(image.problem),
    refused: image.refused.map((each) => ({
      ...each,
      message: signatureReason(each.problem),
    })),
  }));
}

function signedLines(signed: readonly SignedImage[], style: Style): string[] {
  return signed.flatMap(({ names, digest, signatures, refused, problem }) => {
    const name = neutralize(names[0] ?? digest);
    return [
      problem
        ? `${style.bad("unsigned")} ${name}: ${
          neutralize(signatureReason(problem))
        }`
        : `${style.good("signed  ")} ${name}`,
      ...signatures.map((each) =>
        `${style.good("by      ")} ${neutralize(signedLine(each))}`
      ),
      ...refused.map((each) =>
        `${style.warn("refused ")} ${neutralize(refusedLine(each))}`
      ),
    ];
  });
}
