/** How places of images are written. */
import { assertEquals, assertThrows } from "@std/assert";
import { chooseImages } from "../../lib/copy/sets/chosen_images.ts";
import {
  formatPlace,
  nameFor,
  parsePlace,
  type Place,
} from "../../lib/copy/places/places.ts";
import { InvalidReferenceError, PlaceError } from "../../lib/image/errors.ts";
import { heldImage } from "../../lib/image/held_image.ts";
import { formatReference, parseReference } from "../../lib/image/reference.ts";
import { test } from "../harness.ts";

const registry = (repository: string, tag = "latest", host = "docker.io") => ({
  kind: "registry" as const,
  reference: { registry: host, repository, tag },
});
const file = (path: string): Place => ({ kind: "file", path });

const PLACES: [string, Place][] = [
  ["nginx", registry("library/nginx")],
  ["docker:27", registry("library/docker", "27")],
  ["docker", registry("library/docker")],
  ["oci", registry("library/oci")],
  ["team/app:1", registry("team/app", "1")],
  ["docker://nginx:1.27", registry("library/nginx", "1.27")],
  [
    "docker://r.test:5000/a/b.tar",
    registry("a/b.tar", "latest", "r.test:5000"),
  ],
  ["localhost:5000/app", registry("app", "latest", "localhost:5000")],
  ["r.test/pre/fix/", {
    kind: "registry-path",
    registry: "r.test",
    path: "pre/fix/",
  }],
  ["r.test:5000/", {
    kind: "registry-path",
    registry: "r.test:5000",
    path: "",
  }],
  ["docker://r.test/a/", {
    kind: "registry-path",
    registry: "r.test",
    path: "a/",
  }],
  ["./nginx", file("./nginx")],
  ["../a/b", file("../a/b")],
  ["/a:b", file("/a:b")],
  ["~/images", file("~/images")],
  [".", file(".")],
  ["..", file("..")],
  ["C:\\images\\a.tar", file("C:\\images\\a.tar")],
  ["C:/images", file("C:/images")],
  ["images\\a", file("images\\a")],
  ["all.tar", file("all.tar")],
  ["a/b.tar.gz", file("a/b.tar.gz")],
  ["a.tgz", file("a.tgz")],
  ["A.TAR.ZST", file("A.TAR.ZST")],
  ["oci:folder", { kind: "oci", path: "folder" }],
  ["oci:/a/b:nginx:1.27", { kind: "oci", path: "/a/b", name: "nginx:1.27" }],
  ["oci:C:\\a:v1", { kind: "oci", path: "C:\\a", name: "v1" }],
  ["oci:c:v1", { kind: "oci", path: "c", name: "v1" }],
  ["oci-archive:all.tar:r.test:5000/a:1", {
    kind: "oci-archive",
    path: "all.tar",
    name: "r.test:5000/a:1",
  }],
  ["docker-archive:f.tar:@2", {
    kind: "docker-archive",
    path: "f.tar",
    index: 2,
  }],
  ["docker-archive:f.tar", { kind: "docker-archive", path: "f.tar" }],
  ["docker-daemon:nginx:latest", {
    kind: "docker-daemon",
    name: "nginx:latest",
  }],
];

for (const [text, place] of PLACES) {
  test(`parsePlace() reads ${text}`, () => {
    assertEquals(parsePlace(text), place);
    assertEquals(parsePlace(formatPlace(place)), place);
  });
}

const REFUSED: [string, string][] = [
  ["", "empty"],
  ["oci:", "no-path"],
  ["oci-archive::a", "no-path"],
  ["oci:a:", "no-name"],
  ["docker-archive:a:@x", "bad-number"],
  ["docker-archive:a:@", "bad-number"],
  ["docker-daemon:", "no-image"],
  ["dir:a", "foreign"],
  ["containers-storage:a", "foreign"],
  ["r.test:5000/app.tar", "file-or-image"],
  ["app:1.tar", "file-or-image"],
];

for (const [text, code] of REFUSED) {
  test(`parsePlace() refuses ${JSON.stringify(text)}: ${code}`, () => {
    const error = assertThrows(() => parsePlace(text), PlaceError);
    assertEquals(error.code, code);
  });
}

test("parsePlace() refuses what is no reference as such", () => {
  for (const text of ["docker://", "docker://A/B:C:D", "NGINX", "a//"]) {
    assertThrows(() => parsePlace(text), InvalidReferenceError);
  }
});

test("a login in a place is not repeated", () => {
  const error = assertThrows(
    () => parsePlace("me:secret@r.test/app.tar"),
    PlaceError,
  );
  assertEquals(`${error.message} ${error.input}`.includes("secret"), false);
});

test("nameFor() gives what is written a name, and no number", () => {
  assertEquals(nameFor({}, "a"), undefined);
  const own = parseReference("r.test/own:1@sha256:" + "0".repeat(64));
  const named = (place: Parameters<typeof nameFor>[0]) =>
    formatReference(nameFor(place, "a")!(own));
  for (const kind of [undefined, "oci", "docker-archive"] as const) {
    assertEquals(named({ kind, name: "app:1" }), "docker.io/library/app:1");
  }
  assertEquals(
    named({ kind: "file", name: "app" }),
    "docker.io/library/app:latest",
  );
  // As skopeo and oras have it, what is asked for in a layout is a tag.
  assertEquals(named({ kind: "oci", name: "V2" }), "r.test/own:V2");
  assertEquals(named({ kind: "oci-archive", name: "app" }), "r.test/own:app");
  const code = (place: { name?: string; index?: number }) =>
    assertThrows(() => nameFor(place, "a"), PlaceError).code;
  assertEquals(code({ index: 0 }), "number-to-write");
  assertEquals(code({ name: "No Name" }), "bad-name");
});

const descriptor = (i: number) => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${`${i}`.repeat(64)}`,
  size: 1,
});
const IMAGES = [
  heldImage(descriptor(1), ["docker.io/library/nginx:1.27", "1.27"]),
  heldImage(descriptor(2), ["team/app:1"]),
  heldImage(descriptor(3), []),
];

test("chooseImages() knows an image by all of its names, and by its number", () => {
  const chosen = (name?: string, index?: number) =>
    chooseImages("a", IMAGES, { name, index })
      .map(({ descriptor }) => descriptor.digest[7]).join("");
  assertEquals(chosen(), "123");
  for (
    const name of ["nginx:1.27", "1.27", "docker.io/library/nginx:1.27"]
  ) assertEquals(chosen(name), "1");
  assertEquals(chosen("docker.io/team/app:1"), "2");
  assertEquals(chosen(undefined, 2), "3");
});

test("chooseImages() says what there is in place of what there is not", () => {
  const problem = (images: typeof IMAGES, name?: string, index?: number) =>
    assertThrows(() => chooseImages("a", images, { name, index }), PlaceError)
      .problem;
  assertEquals(problem(IMAGES, "redis:7"), {
    code: "no-such-image",
    name: "redis:7",
    names: ["docker.io/library/nginx:1.27", "team/app:1", "@2"],
  });
  // The tag of another repository is no name of this one.
  assertEquals(problem(IMAGES, "app:1").code, "no-such-image");
  assertEquals(problem(IMAGES, undefined, 3), {
    code: "no-such-number",
    count: 3,
  });
  assertEquals(problem([]), { code: "no-images" });
});
