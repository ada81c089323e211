/** Makes the things of the domain, in all their shapes. */
import fc from "fast-check";
import type { Reference } from "../../lib/image/reference.ts";
import type { Platform } from "../../lib/image/types.ts";

const HEX = [..."0123456789abcdef"];
const LOWER = [..."abcxyz019"];

const text = (units: string[], minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...units), minLength, maxLength });

/** Digests of every algorithm. */
export const digests: fc.Arbitrary<string> = fc.oneof(
  text(HEX, 64, 64).map((hex) => `sha256:${hex}`),
  text(HEX, 128, 128).map((hex) => `sha512:${hex}`),
  text(HEX, 64, 64).map((hex) => `blake3:${hex}`),
);

const component = fc.tuple(
  text(LOWER, 1, 8),
  fc.array(
    fc.tuple(fc.constantFrom(".", "_", "__", "-", "---"), text(LOWER, 1, 5)),
    { maxLength: 2 },
  ),
).map(([first, rest]) => first + rest.flat().join(""));

const registry = fc.oneof(
  fc.constant("docker.io"),
  fc.constant("localhost"),
  fc.constant("[2001:db8::1]:5000"),
  fc.tuple(
    fc.array(text(LOWER, 1, 6), { minLength: 2, maxLength: 4 }),
    fc.option(fc.integer({ min: 1, max: 65535 })),
  ).map(([labels, port]) => labels.join(".") + (port ? `:${port}` : "")),
);

const tag = fc.tuple(
  fc.constantFrom(..."aZ0_"),
  text([..."aZ0_.-"], 0, 127),
).map(([first, rest]) => first + rest);

/** References in full. */
export const references: fc.Arbitrary<Reference> = fc.tuple(
  registry,
  fc.array(component, { minLength: 1, maxLength: 4 }),
  fc.option(tag, { nil: undefined }),
  fc.option(digests, { nil: undefined }),
).map(([registry, components, tag, digest]) => {
  const hub = registry === "docker.io";
  const path = hub && components.length === 1
    ? ["library", ...components]
    // What looks like a host at the front of Docker Hub's names is one.
    : hub && /[.]|^localhost$/.test(components[0]!)
    ? ["user", ...components]
    : components;
  return {
    registry,
    repository: path.join("/"),
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    ...(tag === undefined && digest === undefined && { tag: "latest" }),
  };
});

/** Platforms in many spellings. */
export const platforms: fc.Arbitrary<Platform> = fc.record({
  os: fc.constantFrom("linux", "Linux", "windows", "darwin", "macos"),
  architecture: fc.constantFrom(
    ..."amd64 x86_64 386 i386 arm armhf armel arm64 aarch64 s390x riscv64"
      .split(" "),
  ),
  variant: fc.option(
    fc.constantFrom("v1", "v2", "v4", "v5", "v6", "7", "v7", "v8", "8", "v9"),
    { nil: undefined },
  ),
}).map(({ variant, ...rest }) => ({ ...rest, ...(variant && { variant }) }));

const descriptor = fc.record({
  mediaType: fc.oneof(
    fc.constant("application/vnd.oci.image.layer.v1.tar+gzip"),
    fc.jsonValue({ maxDepth: 1 }),
  ),
  digest: fc.oneof(digests, fc.jsonValue({ maxDepth: 1 })),
  size: fc.oneof(fc.nat(), fc.double(), fc.jsonValue({ maxDepth: 1 })),
  platform: fc.oneof(platforms, fc.jsonValue({ maxDepth: 1 })),
  urls: fc.jsonValue({ maxDepth: 1 }),
  annotations: fc.jsonValue({ maxDepth: 1 }),
}, { requiredKeys: [] });

const list = fc.oneof(
  fc.array(descriptor, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 1 }),
);

/** Almost an index, a manifest or a configuration. */
export const documentValues: fc.Arbitrary<unknown> = fc.record({
  schemaVersion: fc.constantFrom(2, 1, "2"),
  mediaType: fc.jsonValue({ maxDepth: 0 }),
  config: fc.oneof(descriptor, fc.jsonValue({ maxDepth: 1 })),
  layers: list,
  manifests: list,
  rootfs: fc.oneof(
    fc.record({ diff_ids: fc.array(fc.oneof(digests, fc.string())) }),
    fc.jsonValue({ maxDepth: 1 }),
  ),
  os: fc.jsonValue({ maxDepth: 0 }),
}, { requiredKeys: [] });
