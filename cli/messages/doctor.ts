/** What doctor has found, in words. */

import type {
  Fact,
  GreetingDetails,
  TokenDetails,
} from "../../lib/doctor/facts.ts";
import type { Finding, Report } from "../../lib/doctor/report.ts";
import { defined } from "../../lib/image/defined.ts";
import { cleanText } from "../../lib/redact/clean.ts";
import { countText, sizeText, timeText } from "./amounts.ts";
import { type ByCode, sentenceOf, type Sentences } from "./explanation.ts";

const LOGINS = {
  "basic": "a user name and a password",
  "identity-token": "an identity token",
  "registry-token": "a token of the registry's",
};

type Certificate = ByCode<Fact, "certificate">;

const answers = (
  { subject, details }: { subject: string; details: GreetingDetails },
) => `${subject} answers in ${timeText(details.time)}`;

const certificate = (
  { subject, details }: Pick<Certificate, "subject" | "details">,
) =>
  `${subject} speaks ${details.version}, with a certificate by ` +
  JSON.stringify(details.issuer);

const lasts = ({ lifetime }: TokenDetails) =>
  lifetime === null
    ? "of unknown life, taken for 60 s"
    : `that lasts ${timeText(lifetime)}`;

const folder =
  (what: string) => ({ details }: ByCode<Fact, "cache-folder">): string => {
    const { path, exists, free } = details;
    const state = exists
      ? "can be written"
      : "is not there yet and can be made";
    const room = free === null ? "" : `, with room for ${sizeText(free)}`;
    return `${what} ${JSON.stringify(path)} ${state}${room}`;
  };

const FACTS: Sentences<Fact> = {
  "proxy": ({ subject, details }) =>
    `${subject} is reached by the proxy ${details.proxy}` +
    (details.login ? ", with a login" : ""),
  "no-proxy": ({ subject }) => `${subject} is reached without a proxy`,
  "address": ({ details }) =>
    `${details.host} is an address, so no name is looked up`,
  "addresses": ({ details: { host, addresses, time } }) => {
    const shown = addresses.slice(0, 4).join(", ") +
      (addresses.length > 4 ? ", …" : "");
    const count = countText(addresses.length, "address");
    return `${host} has ${count}: ${shown}, found in ${timeText(time)}`;
  },
  "plain-http": ({ subject }) => `${subject} is asked by plain http`,
  "plain-http-risk": ({ subject }) =>
    `${subject} is asked by plain http, so anyone on the way can read and ` +
    "change what is sent",
  "certificate": (fact) => {
    const { validUntil } = fact.details;
    return certificate(fact) +
      (validUntil === null
        ? ""
        : ` that is valid until ${validUntil.slice(0, 10)}`);
  },
  "certificate-ends": (fact) =>
    `${certificate(fact)} that ends in ${timeText(fact.left)}`,
  "certificate-ended": (fact) =>
    `${certificate(fact)} that ended ${timeText(fact.left)} ago`,
  "wants-nothing": (fact) => `${answers(fact)} and asks for no login at first`,
  "wants-basic": (fact) =>
    `${answers(fact)} and wants a user name and a password`,
  "wants-token": (fact) => {
    const { realm, service } = fact.details;
    return `${answers(fact)} and wants a token of ${realm}` +
      (service ? ` for ${service}` : "");
  },
  "wants-unknown": (fact) =>
    `${answers(fact)} and wants a login without saying which, Basic or Bearer`,
  "odd-status": (fact) =>
    `${answers(fact)} with HTTP ${fact.details.status}, which registries do ` +
    "not do",
  "clock-agrees": () => "This machine's clock agrees with the registry's",
  "clock-differs": ({ details: { skew } }) =>
    `This machine's clock is ${timeText(skew)} ${
      skew > 0 ? "ahead of" : "behind"
    } the registry's, so tokens and certificates may seem invalid`,
  "no-clock": () => "The registry does not say what time it is",
  "login": ({ subject, details: { kind, source } }) =>
    `The login for ${subject} is ${LOGINS[kind]} from ${source}`,
  "no-login": ({ subject }) => `There is no login for ${subject}`,
  "token": ({ details }) =>
    `The token server gives a token ${lasts(details)}, in ${
      timeText(details.time)
    }`,
  "token-without-login": ({ source, details }) =>
    `The token server refuses the login from ${source}; without one it gives ` +
    `a token ${lasts(details)}`,
  "limit": ({ subject, details: { remaining, limit, window } }) =>
    `${subject} allows ${countText(remaining, "more pull")}` +
    (limit === null ? "" : ` of ${limit}`) +
    (window === null ? "" : ` in ${timeText(window * 1000)}`),
  "no-limit": ({ subject }) => `${subject} announces no limit of pulls`,
  "image": ({ subject, details: { digest, layers, size, time } }) =>
    `${JSON.stringify(subject)} is ${digest.slice(0, 19)}…, ${
      countText(layers, "layer")
    } of ${sizeText(size)}, described in ${timeText(time)}`,
  "one-platform": ({ details }) => `The image is for ${details.chosen} only`,
  "platforms": ({ details: { available, chosen } }) =>
    `The image is for ${available.join(", ")}; ${chosen} is taken`,
  "storage": ({ details }) => `Layers come from ${details.host} itself`,
  "storage-elsewhere": ({ details }) => `Layers come from ${details.host}`,
  "no-layer": () => "The image has no layer to try",
  "ranges": () =>
    "Parts of layers can be asked for, so a pull that breaks off goes on " +
    "where it stopped",
  "no-ranges": () =>
    "Layers come as a whole only, this time at least, so a layer that breaks " +
    "off begins anew",
  "speed": ({ details: { bytes, rate, waited } }) =>
    `The first ${sizeText(bytes)} of a layer came at ${
      sizeText(rate)
    } per second, after ${timeText(waited)}`,
  "mirror-holds": ({ details: { name, time } }) =>
    `Mirror ${name} holds the image, and answers in ${timeText(time)}`,
  "cache-folder": folder("The cache folder"),
  "archive-folder": folder("The archive's folder"),
  "no-cache": () => "No cache is used",
  "problem": ({ words }) => words,
  "warning": ({ words }) => words,
};

/** A finding as a sentence, as it is printed and in JSON. */
export interface ToldFinding extends Pick<Finding, "step" | "status"> {
  /** What was found, one sentence without a period. */
  message: string;
  /** The same for programs; times in milliseconds, sizes in bytes. */
  details?: { readonly [name: string]: unknown };
}

/** A report whose findings are sentences. */
export interface ToldDiagnosis extends Omit<Report, "findings"> {
  /** What was found, in order. */
  findings: ToldFinding[];
}

/** Puts a report in words. */
export function tellDiagnosis(report: Report): ToldDiagnosis {
  return { ...report, findings: report.findings.map(tellFinding) };
}

function tellFinding(finding: Finding): ToldFinding {
  const { step, status } = finding;
  const details = "details" in finding ? { ...finding.details } : undefined;
  // A list may have come from strangers, and be as long as they like.
  const message = cleanText(sentenceOf(FACTS, finding), 1000);
  return defined({ step, status, message, details });
}
