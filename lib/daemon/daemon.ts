/** A daemon that keeps images, Docker's or Podman's, and what is asked of it. */

import { DaemonError, type DaemonProblem } from "../image/errors.ts";
import { defined } from "../image/defined.ts";
import { redactAddress } from "../redact/address.ts";
import { cleanText } from "../redact/clean.ts";
import {
  type DaemonAddress,
  type DaemonPlace,
  daemonPlace,
} from "./address.ts";
import {
  asObject,
  failureOf,
  parseJson,
  readText,
  refusalOf,
} from "./answer.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { type DaemonResponse, readResponse, requestHead } from "./http.ts";
import { type LoadRequest, startLoad } from "./load_request.ts";

/** What is needed of the API: images of schema 2, told of by their layers. */
const LEAST_API = "1.24";
/** What a shell says of a program that it does not find. */
const NOT_FOUND = 127;

/** What a daemon is. */
export interface DaemonInfo {
  /** Its name, `Docker` or `Podman`. */
  name: "Docker" | "Podman";
  /** Its version. */
  version: string;
  /** The system that its images are for, such as `linux`. */
  os: string;
  /** Whether it keeps images as they were served, in containerd. */
  keepsContent: boolean;
}

/** An image of a daemon's list. */
export interface ListedImage {
  /** Its ID. */
  id: string;
  /** Its names. */
  names: string[];
  /**
   * The manifests that are there with all their layers as they were served;
   * none where the daemon does not tell.
   */
  manifests: string[];
}

/** An image, by one of its names. */
export interface InspectedImage {
  /** Its ID: the digest of its configuration, or of its manifest. */
  id: string;
  /** The digests of its layers, expanded, lowest first. */
  diffIds: string[];
  /**
   * Whether nothing of it has been unpacked, as where that failed; nothing
   * where the daemon does not tell.
   */
  packed?: boolean;
  /** Its name with its digest, where it came from a registry or goes to one. */
  served?: string;
}

/** Talks to a daemon, over one connection at a time. */
export class Daemon {
  /** Its address, without passwords. */
  readonly address: string;
  #place: DaemonPlace;
  readonly #signal: AbortSignal | undefined;
  /** One that the last answer has left to be used again. */
  #idle: Connection | undefined;
  #info: Promise<DaemonInfo> | undefined;

  /**
   * Takes the address apart; nothing is sent yet.
   *
   * @throws {DaemonError} With the code `address`.
   */
  constructor(
    address: DaemonAddress,
    { signal }: { signal?: AbortSignal } = {},
  ) {
    this.#place = daemonPlace(address);
    // Whoever it is there is of no importance, and might be a secret.
    this.address = redactAddress(
      address.url.replace(/^(ssh:\/\/)[^@/]*@/i, "$1"),
    );
    this.#signal = signal;
  }

  /**
   * What it is; asked once.
   *
   * @throws {DaemonError} If it is none that images can be loaded into.
   */
  info(): Promise<DaemonInfo> {
    return this.#info ??= this.#askInfo().catch((error) => {
      // Whoever is told that has no use for it.
      this.close();
      throw error;
    });
  }

  async #askInfo(): Promise<DaemonInfo> {
    const version = await this.#version();
    const { ApiVersion: api, Components: components } = version;
    if (typeof api !== "string") throw this.#error({ code: "no-daemon" });
    if (isOlder(api, LEAST_API)) {
      throw this.#error({ code: "too-old", version: api, least: LEAST_API });
    }
    const names = Array.isArray(components)
      ? components.map((each) => `${asObject(each).Name}`)
      : [];
    const podman = names.some((name) => name.startsWith("Podman"));
    const info = asObject(await this.#json("/info"));
    const status = Array.isArray(info.DriverStatus) ? info.DriverStatus : [];
    return {
      name: podman ? "Podman" : "Docker",
      version: cleanText(`${version.Version}`, 60),
      os: cleanText(`${info.OSType ?? version.Os ?? "linux"}`, 60),
      keepsContent: status.some((pair) =>
        Array.isArray(pair) && pair[0] === "driver-type" &&
        `${pair[1]}`.startsWith("io.containerd.")
      ),
    };
  }

  /** What the first question is; behind ssh, it finds out whom to ask. */
  async #version(): Promise<Record<string, unknown>> {
    const ask = async () => {
      const version = await this.#json("/version", true);
      if (version === undefined) throw this.#error({ code: "no-daemon" });
      return asObject(version);
    };
    const place = this.#place;
    try {
      return await ask();
    } catch (error) {
      if (place.kind === "tcp" && !place.tls && isBadRequest(error)) {
        throw this.#error({ code: "wants-tls" }, { cause: error });
      }
      if (place.kind !== "ssh" || !isNotFound(error)) throw error;
      this.#place = { ...place, program: "podman" };
      try {
        return await ask();
      } catch (second) {
        // Whoever has neither is told of Docker.
        throw isNotFound(second) ? error : second;
      }
    }
  }

  /** All images that have names, and those that lost them. */
  async images(): Promise<ListedImage[]> {
    // Those that do not know the parameter do not heed it.
    const list = await this.#json("/images/json?manifests=1");
    if (!Array.isArray(list)) throw this.#error({ code: "no-daemon" });
    const podman = (await this.info()).name === "Podman";
    return list.map(asObject).map((image) => ({
      id: `${image.Id}`,
      names: texts(image.RepoTags),
      manifests: podman
        ? texts(image.RepoDigests).map((name) => name.replace(/^.*@/, ""))
        : whole(image.Manifests),
    }));
  }

  /** An image by a name or its ID, if it is there. */
  async inspect(name: string): Promise<InspectedImage | undefined> {
    // A name has slashes of its own, which are part of the path.
    const path = `/images/${encodeURI(name)}/json?manifests=1`;
    const found = await this.#json(path, true);
    if (found === undefined) return undefined;
    const { Id, RootFS, Manifests, RepoDigests } = asObject(found);
    const { Layers } = asObject(RootFS);
    return defined({
      id: `${Id}`,
      diffIds: Array.isArray(Layers) ? Layers.map(String) : [],
      packed: isPacked(Manifests),
      served: texts(RepoDigests)[0],
    });
  }

  /**
   * Begins to load an archive.
   *
   * @param size How many bytes it has.
   */
  async load(size: number): Promise<LoadRequest> {
    const connection = await this.#connect();
    return startLoad(connection, size, this.address);
  }

  /**
   * Has the daemon write an image's archive, as `docker save` does.
   *
   * @param name The image, with its tag or digest.
   * @returns The archive's bytes, as they come.
   * @throws {DaemonError} If it is not there, or the connection breaks off.
   */
  async *save(name: string): AsyncGenerator<Uint8Array> {
    const connection = await this.#connect();
    try {
      const response = await this.#exchange(
        connection,
        `/images/${encodeURI(name)}/get`,
      );
      const { status, body } = response;
      if (status === 404) throw this.#error({ code: "no-image", name });
      if (status !== 200) {
        throw refusalOf(this.address, status, await readText(response));
      }
      yield* body;
    } catch (cause) {
      this.#signal?.throwIfAborted();
      if (cause instanceof DaemonError) throw cause;
      throw await failureOf(connection, cause, this.address);
    } finally {
      connection.close();
    }
  }

  /** Closes what is open. */
  close(): void {
    this.#idle?.close();
    this.#idle = undefined;
  }

  #error(problem: DaemonProblem, options?: ErrorOptions): DaemonError {
    return new DaemonError(this.address, problem, options);
  }

  #connect(): Promise<Connection> {
    const { address } = this;
    return connect(this.#place, { address, signal: this.#signal });
  }

  /** Asks for something; nothing comes back for a 404 that may be. */
  async #json(path: string, mayLack = false): Promise<unknown> {
    const used = this.#idle;
    this.#idle = undefined;
    if (used) {
      const answer = await this.#ask(used, path, mayLack)
        .catch((error) => {
          this.#signal?.throwIfAborted();
          // It was closed while nothing was asked.
          if (isGone(error)) return undefined;
          throw error;
        });
      if (answer) return answer.value;
    }
    return (await this.#ask(await this.#connect(), path, mayLack)).value;
  }

  async #ask(
    connection: Connection,
    path: string,
    mayLack: boolean,
  ): Promise<{ value: unknown }> {
    let keep = false;
    try {
      const response = await this.#exchange(connection, path);
      const { status, reusable } = response;
      const text = await readText(response);
      keep = reusable;
      if (status === 404 && mayLack) return { value: undefined };
      if (status !== 200) throw refusalOf(this.address, status, text);
      return { value: parseJson(text, this.address) };
    } catch (cause) {
      this.#signal?.throwIfAborted();
      if (cause instanceof DaemonError) throw cause;
      throw await failureOf(connection, cause, this.address);
    } finally {
      if (keep) this.#idle = connection;
      else connection.close();
    }
  }

  async #exchange(
    connection: Connection,
    path: string,
  ): Promise<DaemonResponse> {
    await connection.write(
      requestHead("GET", path, { accept: "application/json" }),
    );
    const response = await readResponse(connection);
    if (!response) throw new Error("The connection was closed");
    return response;
  }
}

/** What Go says to plain HTTP where it wants TLS. */
function isBadRequest(error: unknown): boolean {
  return error instanceof DaemonError && error.problem.code === "refused" &&
    error.problem.status === 400;
}

/** Whether it is the connection that failed, and nobody has answered. */
function isGone(error: unknown): boolean {
  return error instanceof DaemonError &&
    (error.code === "broken-off" || error.code === "ssh");
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

/** The manifests of images of which everything is there. */
function whole(list: unknown): string[] {
  return (Array.isArray(list) ? list : []).map(asObject)
    .filter(({ Kind, Available }) => Kind === "image" && Available === true)
    .map(({ ID }) => `${ID}`);
}

/** Whether of none of an image's manifests anything is unpacked. */
function isPacked(list: unknown): boolean | undefined {
  const sizes = (Array.isArray(list) ? list : []).map((each) =>
    asObject(asObject(asObject(each).ImageData).Size).Unpacked
  ).filter((size) => typeof size === "number");
  return sizes.length === 0 ? undefined : sizes.every((size) => size === 0);
}

function isNotFound(error: unknown): boolean {
  return error instanceof DaemonError && error.problem.code === "ssh" &&
    error.problem.status === NOT_FOUND;
}

/** Whether a version of the API is older than another. */
function isOlder(version: string, least: string): boolean {
  const [a = 0, b = 0] = version.split(".").map(Number);
  const [c = 0, d = 0] = least.split(".").map(Number);
  return a < c || a === c && b < d;
}
