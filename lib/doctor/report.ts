/** What an examination has found, step by step. */

import { defined } from "../image/defined.ts";
import type { Warning } from "../image/events.ts";
import { cleanText } from "../redact/clean.ts";
import type { Secrets } from "../net/known_secrets.ts";
import type { Fact, ToldFact } from "./facts.ts";

type ProblemDetails = Extract<ToldFact, { code: "problem" }>["details"];
type WarningDetails = Extract<ToldFact, { code: "warning" }>["details"];

/** What is examined, in the order of the report. */
export type Step =
  | "proxy"
  | "name"
  | "tls"
  | "registry"
  | "clock"
  | "login"
  | "token"
  | "image"
  | "platforms"
  | "limit"
  | "storage"
  | "ranges"
  | "speed"
  | "mirror"
  | "cache"
  | "output"
  | "warning";

/** What one step has found. It holds no secret. */
export type Finding = Fact & {
  /** What was examined. */
  step: Step;
  /**
   * Whether it is as it should be, worth a thought, or likely to keep the
   * image from being pulled.
   */
  status: "ok" | "note" | "problem";
};

/** All that was found. It holds no secret, and may be shown to anyone. */
export interface Report {
  /** The image's full reference. */
  reference: string;
  /** The platform that was asked for. */
  platform: string;
  /** Whether all that a pull takes went well. */
  canPull: boolean;
  /** What was found, in order. */
  findings: Finding[];
}

/** Collects findings, and takes the secrets out of them. */
export class Findings {
  /** What was found so far. */
  readonly list: Finding[] = [];
  /** What the first problem was thrown as. */
  firstError: unknown;
  readonly #secrets: Secrets;
  readonly #explain: (error: unknown) => string;
  readonly #explainWarning: (warning: Warning) => string;

  /** Nothing is found yet. */
  constructor(
    secrets: Secrets,
    explain: (error: unknown) => string,
    explainWarning: (warning: Warning) => string,
  ) {
    this.#secrets = secrets;
    this.#explain = explain;
    this.#explainWarning = explainWarning;
  }

  /** All is well. */
  ok(step: Step, fact: Fact): void {
    this.#add("ok", step, fact);
  }

  /** Something that may be as it should, or not. */
  note(step: Step, fact: Fact): void {
    this.#add("note", step, fact);
  }

  /** A warning, which is something of that kind. */
  warning(step: Step, warning: Warning, details: WarningDetails): void {
    const words = this.#explainWarning(warning);
    this.note(step, { code: "warning", words, details });
  }

  /** Something that keeps an image from being pulled. */
  problem(step: Step, error: unknown, details?: ProblemDetails): void {
    this.firstError ??= error;
    const { name } = error instanceof Error ? error : Error();
    const words = this.#explain(error);
    this.#add("problem", step, {
      code: "problem",
      error: name,
      words,
      details,
    });
  }

  /**
   * Runs a part of the examination, whose failure is a finding.
   *
   * @returns What it returns; nothing where it failed.
   * @throws The signal's reason, once it is aborted.
   */
  async attempt<T>(
    step: Step,
    task: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      signal?.throwIfAborted();
      this.problem(step, error);
      return undefined;
    }
  }

  /** Whether a step has a problem. */
  failed(...steps: Step[]): boolean {
    return this.list.some(({ step, status }) =>
      status === "problem" && steps.includes(step)
    );
  }

  #add(status: Finding["status"], step: Step, fact: Fact): void {
    this.list.push(
      this.#secrets.scrub(
        defined({ step, status, ...fact }),
        (text) => cleanText(this.#secrets.mask(text), 1000),
      ),
    );
  }
}
