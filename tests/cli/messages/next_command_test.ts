import { assertEquals } from "@std/assert";
import {
  nextCommand,
  type Written,
} from "../../../cli/messages/next_command.ts";
import { hostPlatform } from "../../../lib/image/host_platform.ts";
import { parseReference } from "../../../lib/image/reference.ts";
import { test } from "../../harness.ts";

const written: Written = {
  path: "nginx.tar",
  reference: parseReference("nginx"),
  platforms: [hostPlatform()],
  format: "tar",
  os: "linux",
};

test("nextCommand() is the exact command of the program", () => {
  const command = (more: Partial<Written>) =>
    nextCommand({ ...written, ...more });
  const foreign = { os: "linux", architecture: "riscv64" };
  const cases: [Partial<Written>, string][] = [
    [{}, "docker load -i nginx.tar"],
    [{ format: "docker-legacy" }, "docker load -i nginx.tar"],
    [{ format: "oci-archive" }, "podman load -i nginx.tar"],
    [
      { format: "oci" },
      "podman pull oci:nginx.tar:docker.io/library/nginx:latest",
    ],
    [{ program: "docker", path: "a b.tar" }, "docker load -i 'a b.tar'"],
    [{ program: "podman" }, "podman load -i nginx.tar"],
    [{ program: "containerd" }, "ctr images import nginx.tar"],
    [
      { program: "containerd", platforms: [foreign] },
      "ctr images import --platform linux/riscv64 nginx.tar",
    ],
    [
      { program: "containerd", platforms: [foreign, hostPlatform()] },
      "ctr images import --all-platforms nginx.tar",
    ],
    [
      { program: "k3s", path: "nginx.tar.zst" },
      "sudo install -D -p -m 644 nginx.tar.zst -t " +
      "/var/lib/rancher/k3s/agent/images/",
    ],
    [{ program: "kind" }, "kind load image-archive nginx.tar"],
    [
      { program: "skopeo", format: "oci-archive" },
      "skopeo copy oci-archive:nginx.tar " +
      "containers-storage:docker.io/library/nginx:latest",
    ],
  ];
  for (const [more, expected] of cases) {
    assertEquals(command(more), expected);
  }
});
