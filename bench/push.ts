/** Puts a seeded image into a registry, in a stream and with little memory. */

import { createHash } from "node:crypto";
import { request } from "node:http";
import { Readable } from "node:stream";
import { type Content, makeLayer } from "./layer.ts";

/** What an image is made of. */
export interface ImageSpec {
  /** Its repository, and the seed of its bytes. */
  name: string;
  /** The size of each layer, lowest first. */
  layers: number[];
  /** What is in them; bytes that do not compress by default. */
  content?: Content;
}

/** A blob in a registry. */
export interface Blob {
  /** `sha256:` and 64 hex digits. */
  digest: string;
  /** Bytes as stored. */
  size: number;
}

/** An image in a registry. */
export interface PushedImage {
  /** Its repository. */
  repository: string;
  /** Config and layers. */
  blobs: Blob[];
  /** The bytes of all blobs together. */
  size: number;
}

const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";
const LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip";

function sum(blobs: Blob[]): number {
  return blobs.reduce((total, { size }) => total + size, 0);
}

async function expect(
  response: Response,
  status: number,
  what: string,
): Promise<Response> {
  if (response.status !== status) {
    throw new Error(
      `Cannot ${what}: HTTP ${response.status} ${await response.text()}`,
    );
  }
  await response.body?.cancel();
  return response;
}

function patch(url: string, stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "PATCH",
      headers: { "content-type": "application/octet-stream" },
    }, (response) => {
      response.resume();
      response.once("end", () => {
        if (response.statusCode === 202 && response.headers.location) {
          resolve(new URL(response.headers.location, url).href);
        } else {
          reject(new Error(`Cannot upload: HTTP ${response.statusCode}`));
        }
      });
    });
    outgoing.once("error", reject);
    stream.once("error", reject);
    stream.pipe(outgoing);
  });
}

async function pushBlob(base: string, stream: Readable): Promise<Blob> {
  const hash = createHash("sha256");
  let size = 0;
  const begun = await expect(
    await fetch(`${base}/blobs/uploads/`, { method: "POST" }),
    202,
    "begin an upload",
  );
  const location = await patch(
    new URL(begun.headers.get("location")!, base).href,
    Readable.from((async function* () {
      for await (const chunk of stream) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    })()),
  );
  const digest = `sha256:${hash.digest("hex")}`;
  const end = new URL(location);
  end.searchParams.set("digest", digest);
  await expect(await fetch(end, { method: "PUT" }), 201, "end an upload");
  return { digest, size };
}

/**
 * Pushes the image under the tag `latest`, unless it is there already: the
 * seed fixes its bytes.
 *
 * @param origin The registry's, such as `http://127.0.0.1:5000`.
 */
export async function pushImage(
  origin: string,
  spec: ImageSpec,
): Promise<PushedImage> {
  const base = `${origin}/v2/${spec.name}`;
  const manifestUrl = `${base}/manifests/latest`;
  const present = await fetch(manifestUrl, {
    headers: { accept: MANIFEST_TYPE },
  });
  if (present.ok) {
    const { config, layers } = await present.json();
    const blobs: Blob[] = [config, ...layers];
    return { repository: spec.name, blobs, size: sum(blobs) };
  }
  await present.body?.cancel();

  const layers: Blob[] = [];
  const diffIds: string[] = [];
  for (const [index, size] of spec.layers.entries()) {
    const source = makeLayer(
      `${spec.name}-${index}`,
      size,
      spec.content,
    );
    layers.push(await pushBlob(base, source.stream));
    diffIds.push(source.diffId());
  }
  const config = await pushBlob(
    base,
    Readable.from([new TextEncoder().encode(JSON.stringify({
      architecture: "amd64",
      os: "linux",
      created: "2000-01-01T00:00:00Z",
      config: { Cmd: ["/none"] },
      rootfs: { type: "layers", diff_ids: diffIds },
      history: diffIds.map(() => ({ created: "2000-01-01T00:00:00Z" })),
    }))]),
  );
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, ...config },
    layers: layers.map((blob) => ({ mediaType: LAYER_TYPE, ...blob })),
  });
  await expect(
    await fetch(manifestUrl, {
      method: "PUT",
      headers: { "content-type": MANIFEST_TYPE },
      body: manifest,
    }),
    201,
    "push a manifest",
  );
  const blobs = [config, ...layers];
  return { repository: spec.name, blobs, size: sum(blobs) };
}
