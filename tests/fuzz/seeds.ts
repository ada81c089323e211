/** Real shapes of what comes over the network or lies in shared files. */

import { buildImage, buildIndex } from "../fixtures/mod.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const image = await buildImage({
  layers: [{}, { empty: true }, { files: { "a/b": "c" } }],
  annotations: { "org.opencontainers.image.created": "2024-01-02T03:04:05Z" },
});
const docker = await buildImage({ layers: 2, format: "docker" });
const index = buildIndex([image, docker], { attestations: true });

/** Manifests, indexes and what else is served as such. */
export const DOCUMENTS = [
  decode(image.manifest.bytes),
  decode(docker.manifest.bytes),
  decode(index.document.bytes),
  '{"schemaVersion":1,"fsLayers":[{"blobSum":"sha256:00"}],"history":[]}',
  '{"schemaVersion":2,"manifests":[],"layers":[]}',
];

/** Configurations. */
export const CONFIGS = [
  decode(image.config.bytes),
  decode(docker.config.bytes),
];
/** What the configurations belong to. */
export const MANIFEST = image.manifest;

/** WWW-Authenticate headers, as registries send them. */
export const CHALLENGES = [
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:samalba/my-app:pull,push"',
  'Bearer realm="https://nvcr.io/proxy_auth",scope="repository:a:pull"',
  'Basic realm="Registry Realm"',
  'Negotiate, Bearer realm=https://r.test/token , service=x, error="invalid_token", Basic realm="a, \\"b\\""',
  'Digest realm="x", nonce="abc==", Bearer token68==',
];

/** Content-Range headers. */
export const RANGES = [
  "bytes 0-9/10",
  "bytes 3-9/10",
  "bytes 0-9/*",
  "bytes */10",
];

/** References as they are typed. */
export const REFERENCES = [
  "nginx",
  "nginx:1.27",
  "ghcr.io/owner/app:v1@sha256:" + "0".repeat(64),
  "localhost:5000/a/b/c:latest",
  "[::1]:5000/app",
  "registry.example.com:443/some__thing/a-b.c_d:UPPER_case-1.0",
];

/** Platforms as they are typed. */
export const PLATFORMS = ["linux/amd64", "linux/arm/v7", "arm64", "windows"];

/** Link headers. */
export const LINKS = [
  '</v2/a/tags/list?n=1000&last=x>; rel="next"',
  "<https://r.test/v2/a/tags/list?last=1>; rel=next, </x>; rel=prev",
];

/** Retry-After headers. */
export const RETRIES = ["120", "Wed, 21 Oct 2026 07:28:00 GMT", "1.5"];

/** Bodies of errors. */
export const ERRORS = [
  '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown","detail":{"Tag":"x"}}]}',
  '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>x</Message></Error>',
  '{"message":"not found","details":"x"}',
  "<html><head><title>502 Bad Gateway</title></head></html>",
];

/** Replies of token servers. */
export const TOKENS = [
  '{"token":"abc.def.ghi","expires_in":300,"issued_at":"2026-01-02T03:04:05Z"}',
  '{"access_token":"abc","refresh_token":"def","scope":"repository:a:pull"}',
  '{"token":"x","expires_in":"60"}',
];

/** Files of logins. */
export const LOGINS = [
  '{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"},"ghcr.io":{"identitytoken":"t","auth":"PHRva2VuPjo="}},"credsStore":"desktop","credHelpers":{"gcr.io":"gcloud"}}',
  '{"auths":{"quay.io/team/app":{"auth":"YTpi"},"quay.io":{"username":"u","password":"p"},"r.test":{"registrytoken":"x"}}}',
  '{"https://r.test/v2/":{"auth":"YTpi","email":"a@b"}}',
];

/** The index.json of a cache that others write, too. */
export const LAYOUTS = [
  `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:${
    "1".repeat(64)
  }","size":7,"platform":{"os":"linux","architecture":"amd64"},"annotations":{"org.opencontainers.image.ref.name":"docker.io/library/nginx:latest"}}]}`,
];

/** The records of partial files. */
export const RECORDS = [
  '{"id":"a","size":100,"boot":"b"}\n[0,10]\n{"forgotten":[2,3]}\n{"synced":[[0,50]]}\n[50,100]\n',
];

/** Tag lists. */
export const TAGS = ['{"name":"a","tags":["1","2","latest"]}'];

/** Mirrors as they are typed. */
export const MIRRORS = [
  "https://mirror.example.com/v2/docker-hub",
  "http://10.0.0.1:5000",
];

/** Addresses with secrets in them. */
export const URLS = [
  "https://user:secret@r.test/v2/?token=secret&x=1#y",
  "Get https://s.test/b?X-Amz-Signature=secret: dial tcp 1.2.3.4:443",
];
