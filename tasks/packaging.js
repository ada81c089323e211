// @ts-check
/**
 * Makes what goes along with a release, of what is in dist/ and its
 * SHA256SUMS: `node tasks/packaging.js URL [DIST]`, where URL is the folder
 * that the release's files are downloaded from. It writes sbom.cdx.json (of
 * package-lock.json), docker-pull.rb for Homebrew, docker-pull.json for Scoop
 * and PKGBUILD for the AUR. The same input gives the same bytes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fail, root } from "./runtimes.js";

const [url = "", folder = join(root, "dist")] = process.argv.slice(2);
if (!/^https:\/\/\S+[^/]$/.test(url)) {
  fail("Say where the release's files are: https://HOST/PATH");
}
const dist = resolve(folder);

/** @param {string} name */
function readJson(name) {
  return JSON.parse(readFileSync(join(root, name), "utf8"));
}

const { version, description, license } = readJson("package.json");
const sums = Object.fromEntries(
  readFileSync(join(dist, "SHA256SUMS"), "utf8").trim().split("\n")
    .map((line) => line.split(/ +/).reverse()),
);

/** @param {string} end */
function sum(end) {
  const name = `docker-pull-${end}`;
  return sums[name] ?? fail(`SHA256SUMS has no ${name}: run npm run compile`);
}

/** What is in the bundle and the executables, by the lock. */
function components() {
  const { packages } = readJson("package-lock.json");
  return Object.entries(packages)
    .filter(([path, { dev, link, integrity }]) =>
      path.includes("node_modules/") && !dev && !link && integrity
    )
    .map(([path, { version, license, integrity }]) => {
      const name = path.split("node_modules/").at(-1) ?? "";
      const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
      const [, content = ""] = /^sha512-(.+)$/.exec(integrity) ?? [];
      return {
        type: "library",
        "bom-ref": purl,
        ...{ name, version, purl },
        licenses: [{ license: { id: license } }],
        hashes: [{
          alg: "SHA-512",
          content: Buffer.from(content, "base64").toString("hex"),
        }],
      };
    }).sort((a, b) => a.purl < b.purl ? -1 : 1);
}

const sbom = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: {
    component: {
      type: "application",
      "bom-ref": `pkg:npm/docker-pull@${version}`,
      ...{ name: "docker-pull", version, description },
      licenses: [{ license: { id: license } }],
    },
  },
  components: components(),
};

/** @param {string} system @param {string} arch @param {string} end */
const brew = (system, arch, end) =>
  `  on_${system} do
    on_${arch} do
      url "${url}/docker-pull-${end}"
      sha256 "${sum(end)}"
    end
  end
`;

const files = {
  "sbom.cdx.json": JSON.stringify(sbom, null, 2),
  "docker-pull.rb": `class DockerPull < Formula
  desc "${description}"
  homepage "${url}"
  version "${version}"
  license "${license}"

${brew("macos", "arm", "macos-arm64")}${brew("macos", "intel", "macos-x64")}${
    brew("linux", "arm", "linux-arm64")
  }${brew("linux", "intel", "linux-x64")}
  def install
    bin.install Dir["docker-pull-*"].first => "docker-pull"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/docker-pull --version")
  end
end`,
  "docker-pull.json": JSON.stringify(
    {
      ...{ version, description, license, homepage: url },
      architecture: {
        "64bit": {
          url: `${url}/docker-pull-windows-x64.exe#/docker-pull.exe`,
          hash: sum("windows-x64.exe"),
        },
      },
      bin: "docker-pull.exe",
    },
    null,
    2,
  ),
  PKGBUILD: `pkgname=docker-pull-bin
pkgver=${version}
pkgrel=1
pkgdesc="${description}"
arch=(x86_64 aarch64)
url="${url}"
license=(${license})
provides=(docker-pull)
conflicts=(docker-pull)
# An executable that was compiled loses its program where it is stripped.
options=(!strip)
source_x86_64=("docker-pull-$pkgver::${url}/docker-pull-linux-x64")
source_aarch64=("docker-pull-$pkgver::${url}/docker-pull-linux-arm64")
sha256sums_x86_64=(${sum("linux-x64")})
sha256sums_aarch64=(${sum("linux-arm64")})

package() {
  install -Dm755 "docker-pull-$pkgver" "$pkgdir/usr/bin/docker-pull"
}`,
};

for (const [name, text] of Object.entries(files)) {
  writeFileSync(join(dist, name), `${text}\n`);
  console.log(name);
}
