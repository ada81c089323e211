/** Where the images of a set go. */

import { InvalidSetError } from "../../image/errors.ts";
import { imageName } from "../../image/reference.ts";
import type { FormOptions } from "../forms.ts";
import { type Destination, openOutput, ownPath } from "../places/outputs.ts";
import type { SetItem } from "./set_documents.ts";
import type { WantedImage } from "./set_requests.ts";

/** Where a set goes: to one place, or each image to one of its own. */
export interface SetDestination {
  /** Opens the one place. */
  one?: () => Promise<Destination>;
  /** The folder of the others. */
  folder?: string;
  /** What is written. */
  form: FormOptions;
  /** Whether anything there is given up. */
  force: boolean;
}

/** A place, and what goes there. */
export interface SetPlace {
  /** The place. */
  destination: Destination;
  /** What goes there, in its order. */
  items: SetItem[];
}

/** The places of a set, each looked at once. */
export class SetPlaces {
  readonly #destination: SetDestination;
  readonly #opened = new Map<string, Destination>();
  #one: Destination | undefined;

  /** Looks at nothing yet. */
  constructor(destination: SetDestination) {
    this.#destination = destination;
  }

  /**
   * Looks at those that are known before anything is asked for.
   *
   * @throws {StorageError} If one may not be written.
   * @throws {InvalidSetError} If two images would go to one.
   */
  async look(set: readonly WantedImage[]): Promise<void> {
    this.#one = await this.#destination.one?.();
    if (this.#one) return;
    const paths = set.flatMap((wanted) =>
      this.#pathsOf(wanted).map((path) => [path, wanted.name] as const)
    );
    refuseTwo(paths);
    for (const [path] of paths) await this.#open(path);
  }

  /** The place that an image alone goes to, if that is known already. */
  first(wanted: WantedImage): Destination | undefined {
    const [path] = this.#pathsOf(wanted);
    return this.#one ??
      (path === undefined ? undefined : this.#opened.get(path));
  }

  /** Whether what is no image goes there, too. */
  get takesArtifacts(): boolean {
    return this.#one?.takesArtifacts ?? false;
  }

  /** What the one place is called, where all go to one. */
  get path(): string | undefined {
    return this.#one?.path;
  }

  /**
   * Says where everything goes.
   *
   * @throws {StorageError} If a place may not be written.
   * @throws {InvalidSetError} If two images would go to one place, or a name
   * would stand for two there.
   */
  async assign(items: readonly SetItem[]): Promise<SetPlace[]> {
    if (this.#one) {
      return [{ destination: this.#one, items: eachNameOnce(items) }];
    }
    const paths = items.map((item) =>
      [this.#ownPath(item.wanted, item.platform), item.wanted.name] as const
    );
    refuseTwo(paths);
    return await Promise.all(items.map(async (item, i) => (
      { destination: await this.#open(paths[i]![0]), items: [item] }
    )));
  }

  #pathsOf(wanted: WantedImage): string[] {
    const { platforms } = wanted;
    if (platforms === "all") return [];
    return (platforms ?? [undefined]).map((platform) =>
      this.#ownPath(wanted, platform)
    );
  }

  #ownPath(
    { reference }: WantedImage,
    platform: SetItem["platform"],
  ): string {
    const { form, folder } = this.#destination;
    return ownPath(reference, platform, form, folder);
  }

  async #open(path: string): Promise<Destination> {
    const known = this.#opened.get(path);
    if (known) return known;
    const { form, force } = this.#destination;
    const opened = await openOutput(path, form, force);
    this.#opened.set(path, opened);
    return opened;
  }
}

function refuseTwo(paths: readonly (readonly [string, string])[]): void {
  const taken = new Map<string, string>();
  for (const [path, name] of paths) {
    const other = taken.get(path);
    if (other !== undefined) {
      const images = [other, name];
      throw new InvalidSetError({ code: "two-at-a-path", path, images });
    }
    taken.set(path, name);
  }
}

/** What one name stands for twice is there once, and must be the same. */
function eachNameOnce(items: readonly SetItem[]): SetItem[] {
  const named = new Map<string, SetItem>();
  for (const item of items) {
    const { wanted: { reference }, top } = item;
    const name = imageName(reference, top.descriptor.digest);
    const known = named.get(name);
    if (!known) named.set(name, item);
    else {
      const both = [known, item].map(manifestsOf);
      if (both[0] === both[1]) continue;
      const digests = both.join().split(",");
      throw new InvalidSetError({ code: "two-of-a-name", name, digests });
    }
  }
  return [...named.values()];
}

function manifestsOf({ images, artifact }: SetItem): string {
  if (artifact) return artifact.top.descriptor.digest;
  return images.map(({ found }) => found.manifest.descriptor.digest).join();
}
