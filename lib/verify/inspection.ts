/** What the readers of both forms share: files, measured once, and findings. */

import { Expander } from "../compression/expand.ts";
import { posix } from "node:path";
import {
  findFile,
  type HeldFile,
  type HeldFiles,
  readDocument,
} from "../archive/reader/files.ts";
import { measure, type Measured } from "../archive/reader/measure.ts";
import type { Delta, LeftOutLayer } from "../image/delta.ts";
import { InvalidError } from "../image/errors.ts";
import type {
  ImageForm,
  VerifyNote,
  VerifyProblem,
  VerifyProblemCode,
} from "./report.ts";

/** What is known of a layer. */
export interface LayerFacts {
  /** The file it is in. */
  name: string;
  /** How it is compressed; unknown where it is not there. */
  compression?: Measured["compression"];
  /** Whether it is there as a link to another file of the archive. */
  linked?: boolean;
  /** Its digest when expanded, as the configuration says. */
  diffId?: string;
  /** Other places where it may be had, as its descriptor says. */
  urls?: string[];
  /** Whether it is at such a place only. */
  elsewhere?: boolean;
  /** Whether it is not there, as its target has it. */
  leftOut?: boolean;
}

/** What is known of an image in one of its forms. */
export interface ImageFacts {
  /** The form. */
  form: ImageForm;
  /** What it is called there. */
  names: string[];
  /** The digest of its manifest. */
  digest?: string;
  /** The digest of its configuration. */
  imageId?: string;
  /** The type of its configuration. */
  configType?: string;
  /** What it is made for. */
  platform?: string;
  /** Its layers, lowest first. */
  layers: LayerFacts[];
  /** The bytes of its layers as stored. */
  size: number;
  /** All that is wrong with it. */
  problems: VerifyProblem[];
}

/** One of the two forms, as far as it is there. */
export interface FormFacts {
  /** Whether its first document is there. */
  present: boolean;
  /** What is wrong with that itself. */
  problems: VerifyProblem[];
  /** The images. */
  images: ImageFacts[];
  /** How many entries its first document has. */
  entries: number;
  /** The size of that document. */
  size: number;
}

/** How to verify. */
export interface VerifyOptions {
  /** Ends it. */
  signal?: AbortSignal;
  /** Told how many bytes have been read, of about how many. */
  onProgress?: (done: number, total: number) => void;
}

/** The files, as far as they are looked into. */
export type Source = Pick<
  HeldFiles,
  "kind" | "entries" | "problems" | "notes" | "read"
>;

/** An archive or layout that is being looked into. */
export class Inspection {
  /** The files. */
  readonly source: Source;
  /** All that is wrong, each said once. */
  readonly problems: VerifyProblem[] = [];
  /** All that is worth to be known. */
  readonly notes: VerifyNote[] = [];
  /** What it says that it lacks. */
  delta: Delta | undefined;
  readonly #measured = new Map<string, Promise<Measured>>();
  readonly #names = new Set<string>();
  /** What each list holds already: lists of an attacker may be long. */
  readonly #said = new WeakMap<object, Set<string>>();
  readonly #expander = new Expander();
  readonly #onProgress: (bytes: number) => void;

  /** Begins with what is known of the container. */
  constructor(
    source: Source,
    { onProgress = () => {} }: VerifyOptions = {},
  ) {
    this.source = source;
    let total = 0;
    for (const { size } of source.entries.values()) total += size;
    let done = 0;
    // A file that has digests of two kinds is read twice.
    this.#onProgress = (bytes) =>
      onProgress(done = Math.min(total, done + bytes), total);
    for (const problem of source.problems) this.report([], problem);
    for (const note of source.notes) this.note(note);
  }

  /** Ends the threads that it was examined with. */
  close(): void {
    this.#expander.close();
  }

  /** Adds a problem to the list of what it is about, and to the whole. */
  report(to: VerifyProblem[], problem: VerifyProblem): void {
    const { code, subject, fault } = problem;
    const text = JSON.stringify([code, subject, fault]);
    for (const list of new Set([to, this.problems])) {
      if (this.#isNew(list, text)) list.push(problem);
    }
  }

  /** Adds a note. */
  note(note: VerifyNote): void {
    if (this.#isNew(this.notes, JSON.stringify(note))) this.notes.push(note);
  }

  #isNew(list: object, text: string): boolean {
    let said = this.#said.get(list);
    if (!said) this.#said.set(list, said = new Set());
    return said.size < said.add(text).size;
  }

  /**
   * Finds a file. A link in an archive is only looked up in the archive, as
   * the oldest of Docker's have the same layer once.
   */
  find(name: string): { entry: HeldFile; linked: boolean } | undefined {
    return findFile(this.source, name);
  }

  /** Why a file cannot be found. */
  absence(name: string): VerifyProblem {
    const entry = this.source.entries.get(posix.normalize(name));
    return entry
      ? {
        code: "link",
        subject: name,
        fault: entry.target === undefined
          ? { code: "no-file" }
          : { code: "dead-link", target: entry.target },
      }
      : { code: "missing", subject: name, fault: { code: "absent" } };
  }

  /** A layer that is not there, as its target has it. */
  leftOut(digest: string | undefined): LeftOutLayer | undefined {
    return this.delta?.layers.find((layer) => layer.digest === digest);
  }

  /** Reads a file through, once for all who ask. */
  measure(
    entry: HeldFile,
    algorithm: string,
    expanded?: string,
  ): Promise<Measured> {
    const key = `${algorithm} ${expanded} ${entry.name}`;
    let measured = this.#measured.get(key);
    if (!measured) {
      const options = { algorithm, expanded };
      measured = measure(this.#read(entry), {
        ...options,
        expander: this.#expander,
      });
      this.#measured.set(key, measured);
      this.#names.add(entry.name);
    }
    return measured;
  }

  async *#read({ name }: HeldFile): AsyncGenerator<Uint8Array> {
    for await (const bytes of this.source.read(name)) {
      yield bytes;
      this.#onProgress(bytes.length);
    }
  }

  /** Whether a file has been read through already. */
  wasMeasured(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * Reads a document.
   *
   * @throws {InvalidDocumentError} If it is too large.
   */
  async document(entry: HeldFile): Promise<Uint8Array<ArrayBuffer>> {
    return await readDocument(this.source, entry);
  }

  /** Runs what reads a document, and reports what that throws. */
  async reading<T>(
    to: VerifyProblem[],
    subject: string,
    read: () => Promise<T> | T,
    code: VerifyProblemCode = "document",
  ): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      this.report(to, { code, subject, fault: { code: "invalid", error } });
      return undefined;
    }
  }
}
