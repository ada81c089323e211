import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidReferenceError } from "../../lib/image/errors.ts";
import {
  familiarName,
  formatReference,
  parseReference,
  registryHost,
} from "../../lib/image/reference.ts";
import { test } from "../harness.ts";

const SHA256 = `sha256:${"f".repeat(64)}`;
const SHA512 = `sha512:${"f".repeat(128)}`;

/** What the distribution project's own tests take, and what they make of it. */
const VALID: [text: string, full: string, familiar: string][] = [
  ["nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["docker/docker", "docker.io/docker/docker:latest", "docker/docker:latest"],
  ["library/debian", "docker.io/library/debian:latest", "debian:latest"],
  ["docker.io/debian", "docker.io/library/debian:latest", "debian:latest"],
  ["index.docker.io/debian:1", "docker.io/library/debian:1", "debian:1"],
  ["index.docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"],
  [
    "docker.io/library/debian",
    "docker.io/library/debian:latest",
    "debian:latest",
  ],
  ["library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
  // This one is not Docker Hub's name, and has no library/.
  [
    "registry-1.docker.io/alpine:3",
    "registry-1.docker.io/alpine:3",
    "registry-1.docker.io/alpine:3",
  ],
  ["test_com", "docker.io/library/test_com:latest", "test_com:latest"],
  ["test.com:tag", "docker.io/library/test.com:tag", "test.com:tag"],
  ["test.com:5000", "docker.io/library/test.com:5000", "test.com:5000"],
  ["test.com/repo:tag", "test.com/repo:tag", "test.com/repo:tag"],
  ["test:5000/repo", "test:5000/repo:latest", "test:5000/repo:latest"],
  ["test:5000/repo:tag", "test:5000/repo:tag", "test:5000/repo:tag"],
  [
    `test:5000/repo@${SHA256}`,
    `test:5000/repo@${SHA256}`,
    `test:5000/repo@${SHA256}`,
  ],
  [
    `test:5000/repo:tag@${SHA256}`,
    `test:5000/repo:tag@${SHA256}`,
    `test:5000/repo:tag@${SHA256}`,
  ],
  [`nginx@${SHA256}`, `docker.io/library/nginx@${SHA256}`, `nginx@${SHA256}`],
  [
    "lowercase:Uppercase",
    "docker.io/library/lowercase:Uppercase",
    "lowercase:Uppercase",
  ],
  [
    "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
    "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
    "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
  ],
  [
    "b.gcr.io/test.example.com/my-app:test.example.com",
    "b.gcr.io/test.example.com/my-app:test.example.com",
    "b.gcr.io/test.example.com/my-app:test.example.com",
  ],
  [
    `xn--7o8h.com/myimage:xn--7o8h.com@${SHA512}`,
    `xn--7o8h.com/myimage:xn--7o8h.com@${SHA512}`,
    `xn--7o8h.com/myimage:xn--7o8h.com@${SHA512}`,
  ],
  [
    "foo_bar.com:8080",
    "docker.io/library/foo_bar.com:8080",
    "foo_bar.com:8080",
  ],
  [
    "foo/foo_bar.com:8080",
    "docker.io/foo/foo_bar.com:8080",
    "foo/foo_bar.com:8080",
  ],
  ["localhost/a:1", "localhost/a:1", "localhost/a:1"],
  ["192.168.1.1", "docker.io/library/192.168.1.1:latest", "192.168.1.1:latest"],
  [
    "192.168.1.1:5000/repo:5050",
    "192.168.1.1:5000/repo:5050",
    "192.168.1.1:5000/repo:5050",
  ],
  [
    "[2001:db8::1]/repo",
    "[2001:db8::1]/repo:latest",
    "[2001:db8::1]/repo:latest",
  ],
  ["[::1]:5000/repo:tag", "[::1]:5000/repo:tag", "[::1]:5000/repo:tag"],
  [
    `[2001:db8::]:5000/repo@${SHA256}`,
    `[2001:db8::]:5000/repo@${SHA256}`,
    `[2001:db8::]:5000/repo@${SHA256}`,
  ],
  // Hosts have no case, but here a capital letter is all that makes it one.
  ["HOST.com/a", "host.com/a:latest", "host.com/a:latest"],
  ["Docker/docker", "Docker/docker:latest", "Docker/docker:latest"],
  [
    "docker---rules/dock__er",
    "docker.io/docker---rules/dock__er:latest",
    "docker---rules/dock__er:latest",
  ],
  ["d/t", "docker.io/d/t:latest", "d/t:latest"],
  ["a:_.-_", "docker.io/library/a:_.-_", "a:_.-_"],
  // 64 hex digits are a name where a host says so.
  [
    `docker.io/${"1a".repeat(32)}`,
    `docker.io/library/${"1a".repeat(32)}:latest`,
    `${"1a".repeat(32)}:latest`,
  ],
];

for (const [text, full, familiar] of VALID) {
  test(`parseReference() takes ${text.slice(0, 60)}`, () => {
    const reference = parseReference(text);
    assertEquals(formatReference(reference), full);
    assertEquals(familiarName(reference), familiar);
    assertEquals(parseReference(full), reference);
  });
}

/** What is refused, and the position that is pointed at. */
const INVALID: [text: string, position: number, code: string][] = [
  ["", 0, "empty"],
  [":justtag", 0, "no-name"],
  ["@" + SHA256, 0, "no-name"],
  ["nginx:", 6, "empty-tag"],
  ["nginx@", 6, "bad-digest"],
  [`repo@sha256:${"f".repeat(34)}`, 5, "bad-digest"],
  [`repo@sha256:${"F".repeat(64)}`, 5, "bad-digest"],
  ["validname@invaliddigest:ff", 10, "bad-digest"],
  [`a@${SHA256}@${SHA256}`, 2, "bad-digest"],
  [`a@${SHA256}:tag`, 2, "bad-digest"],
  ["Uppercase:tag", 0, "capital"],
  ["test:5000/Uppercase/lowercase:tag", 10, "capital"],
  ["docker/Docker", 7, "capital"],
  ["docker.io/docker/Docker", 17, "capital"],
  ["a/".repeat(128) + "a:tag", 255, "long-name"],
  ["aa/asdf$$^/aa", 7, "bad-name-character"],
  ["https://github.com/docker/docker", 0, "scheme"],
  ["docker://nginx", 0, "scheme"],
  ["-docker", 0, "bad-start"],
  ["-docker/docker", 0, "bad-start"],
  ["-docker.io/docker/docker", 0, "bad-label"],
  ["docker///docker", 7, "empty-component"],
  ["docker.io/docker///docker", 17, "empty-component"],
  ["/docker", 0, "empty-component"],
  ["docker/", 7, "empty-component"],
  ["docker-/docker", 6, "bad-end"],
  ["_docker/_docker", 0, "bad-start"],
  ["a..b", 1, "bad-separator"],
  ["a/b_.c", 3, "bad-separator"],
  ["a___b", 1, "bad-separator"],
  ["a.-b", 1, "bad-separator"],
  ["nginx:-tag", 6, "bad-tag"],
  ["nginx:.tag", 6, "bad-tag"],
  ["nginx:ta$g", 6, "bad-tag"],
  [`nginx:${"a".repeat(129)}`, 6, "long-tag"],
  ["1a".repeat(32), 0, "image-id"],
  ["[2001:db8::1]", 0, "bad-name-character"],
  ["[2001:db8::1]:5000", 0, "bad-name-character"],
  ["fc00::1:5000/debian", 0, "bare-ipv6"],
  ["[fe80::1%eth0]:5000/debian", 0, "bad-ipv6"],
  ["[2001:db8:3:4::192.0.2.33]:5000/debian", 0, "bad-ipv6"],
  ["[]/debian", 0, "bad-ipv6"],
  ["[::1/debian", 0, "bad-ipv6"],
  ["a..b.com/x", 2, "empty-label"],
  ["host:port/x", 5, "bad-port"],
  ["host:99999/x", 5, "bad-port"],
  ["host:/x", 5, "bad-port"],
  ["nginx latest", 5, "space"],
  ["nginx\n", 5, "space"],
  ["ngınx", 2, "bad-character"],
  ["nginx\u0000", 5, "bad-character"],
  ["a".repeat(1025), 1024, "too-long"],
];

for (const [text, position, code] of INVALID) {
  test(`parseReference() rejects ${JSON.stringify(text).slice(0, 60)}`, () => {
    const error = assertThrows(
      () => parseReference(text),
      InvalidReferenceError,
    );
    assertEquals([error.code, error.position], [code, position]);
    assertEquals(error.input, text);
  });
}

test("parseReference() takes a name of 255 characters", () => {
  const name = "a/".repeat(127) + "a";
  assertEquals(parseReference(`h.io/${name}:t`).repository, name);
});

test("parseReference() is quick about what is long and strange", () => {
  const start = performance.now();
  for (const part of ["-", "a-", "a.", "_", "[", "a/", "a:", "0"]) {
    for (const end of ["", "!", "/", "@"]) {
      const text = part.repeat(1024 / part.length).slice(0, 1023) + end;
      try {
        parseReference(text);
      } catch (error) {
        assert(error instanceof InvalidReferenceError);
      }
    }
  }
  assert(performance.now() - start < 2_000);
});

test("registryHost() knows where Docker Hub answers", () => {
  assertEquals(registryHost("docker.io"), "registry-1.docker.io");
  assertEquals(registryHost("localhost:5000"), "localhost:5000");
});
