/** Collects what a list says, each image once. */

import {
  InvalidPlatformError,
  InvalidReferenceError,
} from "../image/errors.ts";
import { formatPlatform, parsePlatform } from "../image/platform.ts";
import {
  formatReference,
  parseReference,
  type Reference,
} from "../image/reference.ts";
import type { Platform } from "../image/types.ts";
import type {
  LeftOut,
  ListedImage,
  ListFault,
  ListProblem,
} from "./list_report.ts";

type Fact<T> = T extends unknown ? Omit<T, "file" | "line"> : never;

/** What was found in one list so far. */
export class Collector {
  /** The images. */
  readonly images: Map<string, ListedImage> = new Map();
  /** What names none. */
  readonly left: LeftOut[] = [];
  /** What is wrong. */
  readonly problems: ListProblem[] = [];
  /** What the list is called. */
  readonly file: string;

  /** Nothing is found yet. */
  constructor(file: string) {
    this.file = file;
  }

  /** Something is wrong. */
  wrong(fault: ListFault, line?: number): void {
    this.problems.push({ ...fault, file: this.file, line });
  }

  /** Something names no image. */
  leave(fact: Fact<LeftOut>, line: number): void {
    this.left.push({ ...fact, file: this.file, line } as LeftOut);
  }

  /** An image is named, for these platforms, by whatever sign separated. */
  add(text: string, line: number, platforms: readonly string[] = []): void {
    const reference = this.#reference(text, line);
    const wanted = this.#platforms(platforms, line);
    if (!reference) return;
    const key = [
      formatReference(reference),
      wanted === "all" ? wanted : wanted?.map(formatPlatform).sort().join(),
    ].join(" ");
    const place = { file: this.file, line };
    const known = this.images.get(key);
    if (known) known.where.push(place);
    else {
      this.images.set(
        key,
        wanted
          ? { reference, platforms: wanted, where: [place] }
          : { reference, where: [place] },
      );
    }
  }

  #reference(text: string, line: number): Reference | undefined {
    try {
      return parseReference(text);
    } catch (error) {
      if (!(error instanceof InvalidReferenceError)) throw error;
      const { input, problem } = error;
      this.wrong({ code: "bad-reference", text: input, problem }, line);
    }
  }

  #platforms(
    texts: readonly string[],
    line: number,
  ): Platform[] | "all" | undefined {
    const words = texts.flatMap((text) => text.split(","));
    if (words.length === 0) return undefined;
    if (words.includes("all")) return "all";
    const found = new Map<string, Platform>();
    for (const word of words) {
      try {
        const platform = parsePlatform(word);
        found.set(formatPlatform(platform), platform);
      } catch (error) {
        if (!(error instanceof InvalidPlatformError)) throw error;
        const { input, problem } = error;
        this.wrong({ code: "bad-platform", text: input, problem }, line);
      }
    }
    return [...found.values()];
  }
}
