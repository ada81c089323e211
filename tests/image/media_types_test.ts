import { assertEquals } from "@std/assert";
import {
  bareMediaType,
  isConfig,
  isForeignLayer,
  isIndex,
  isLayer,
  isManifest,
  MANIFEST_ACCEPT,
} from "../../lib/image/media_types.ts";
import { test } from "../harness.ts";

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";

const LAYERS = [
  `${OCI}.layer.v1.tar`,
  `${OCI}.layer.v1.tar+gzip`,
  `${OCI}.layer.v1.tar+zstd`,
  `${DOCKER}.image.rootfs.diff.tar`,
  `${DOCKER}.image.rootfs.diff.tar.gzip`,
  `${DOCKER}.image.rootfs.diff.tar.zstd`,
];
const FOREIGN = [
  `${OCI}.layer.nondistributable.v1.tar`,
  `${OCI}.layer.nondistributable.v1.tar+gzip`,
  `${DOCKER}.image.rootfs.foreign.diff.tar.gzip`,
];

test("isLayer() knows the layers of OCI and Docker", () => {
  for (const type of [...LAYERS, ...FOREIGN]) assertEquals(isLayer(type), true);
  for (
    const type of [
      "",
      `${OCI}.layer.v1.tar+xz`,
      `x${OCI}.layer.v1.tar`,
      `${OCI}.layer.v1.tar+gzip; x`,
      "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
      "application/vnd.in-toto+json",
    ]
  ) assertEquals(isLayer(type), false, type);
});

test("isForeignLayer() knows the layers that are kept elsewhere", () => {
  assertEquals(FOREIGN.map(isForeignLayer), FOREIGN.map(() => true));
  assertEquals(LAYERS.map(isForeignLayer), LAYERS.map(() => false));
});

test("isIndex(), isManifest() and isConfig() tell documents apart", () => {
  const types = [
    `${OCI}.index.v1+json`,
    `${DOCKER}.distribution.manifest.list.v2+json`,
    `${OCI}.manifest.v1+json`,
    `${DOCKER}.distribution.manifest.v2+json`,
    `${OCI}.config.v1+json`,
    `${DOCKER}.container.image.v1+json`,
    `${DOCKER}.distribution.manifest.v1+json`,
  ];
  const is = [isIndex, isManifest, isConfig].map((is) => types.map(is));
  assertEquals(is, [
    [true, true, false, false, false, false, false],
    [false, false, true, true, false, false, false],
    [false, false, false, false, true, true, false],
  ]);
});

test("MANIFEST_ACCEPT has the four types", () => {
  const types = MANIFEST_ACCEPT.split(", ");
  assertEquals(types.filter(isIndex).length, 2);
  assertEquals(types.filter(isManifest).length, 2);
});

test("bareMediaType() drops parameters and case", () => {
  assertEquals(
    bareMediaType("Application/JSON ;charset=x;y"),
    "application/json",
  );
  assertEquals(bareMediaType(""), "");
});
