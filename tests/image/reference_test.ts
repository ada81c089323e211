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
const INVALID: [text: string, position: number, reason: string][] = [
  ["", 0, "empty"],
  [":justtag", 0, "missing"],
  ["@" + SHA256, 0, "missing"],
  ["nginx:", 6, "tag is empty"],
  ["nginx@", 6, "no digest"],
  [`repo@sha256:${"f".repeat(34)}`, 5, "64 hex digits"],
  [`repo@sha256:${"F".repeat(64)}`, 5, "64 hex digits"],
  ["validname@invaliddigest:ff", 10, "algorithm"],
  [`a@${SHA256}@${SHA256}`, 2, "no digest"],
  [`a@${SHA256}:tag`, 2, "no digest"],
  ["Uppercase:tag", 0, "capital"],
  ["test:5000/Uppercase/lowercase:tag", 10, "capital"],
  ["docker/Docker", 7, "capital"],
  ["docker.io/docker/Docker", 17, "capital"],
  ["a/".repeat(128) + "a:tag", 255, "longer than 255"],
  ["aa/asdf$$^/aa", 7, "$"],
  ["https://github.com/docker/docker", 0, "leave out"],
  ["docker://nginx", 0, "leave out"],
  ["-docker", 0, "begins"],
  ["-docker/docker", 0, "begins"],
  ["-docker.io/docker/docker", 0, "host"],
  ["docker///docker", 7, "nothing between"],
  ["docker.io/docker///docker", 17, "nothing between"],
  ["/docker", 0, "nothing between"],
  ["docker/", 7, "nothing between"],
  ["docker-/docker", 6, "ends"],
  ["_docker/_docker", 0, "begins"],
  ["a..b", 1, '".."'],
  ["a/b_.c", 3, '"_."'],
  ["a___b", 1, '"___"'],
  ["a.-b", 1, '".-"'],
  ["nginx:-tag", 6, "is no tag"],
  ["nginx:.tag", 6, "is no tag"],
  ["nginx:ta$g", 6, "is no tag"],
  [`nginx:${"a".repeat(129)}`, 6, "longer than 128"],
  ["1a".repeat(32), 0, "image ID"],
  ["[2001:db8::1]", 0, "cannot be part"],
  ["[2001:db8::1]:5000", 0, "cannot be part"],
  ["fc00::1:5000/debian", 0, "stands in brackets"],
  ["[fe80::1%eth0]:5000/debian", 0, "IPv6"],
  ["[2001:db8:3:4::192.0.2.33]:5000/debian", 0, "IPv6"],
  ["[]/debian", 0, "IPv6"],
  ["[::1/debian", 0, "IPv6"],
  ["a..b.com/x", 2, "empty"],
  ["host:port/x", 5, "port"],
  ["host:99999/x", 5, "port"],
  ["host:/x", 5, "port"],
  ["nginx latest", 5, "space"],
  ["nginx\n", 5, "space"],
  ["ngınx", 2, "ı"],
  ["nginx\u0000", 5, "cannot be part"],
  ["a".repeat(1025), 1024, "longer than 1024"],
];

for (const [text, position, reason] of INVALID) {
  test(`parseReference() rejects ${JSON.stringify(text).slice(0, 60)}`, () => {
    const error = assertThrows(
      () => parseReference(text),
      InvalidReferenceError,
      reason,
    );
    assertEquals(error.position, position);
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
