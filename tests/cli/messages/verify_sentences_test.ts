/** What the user reads of all that verify can find, an example of each code. */

import { tellReport } from "../../../cli/messages/verify.ts";
import { InvalidDigestError } from "../../../lib/image/errors.ts";
import type {
  LoaderReason,
  VerifyFault,
  VerifyNote,
  VerifyReport,
} from "../../../lib/verify/report.ts";
import { eachOf } from "./examples.ts";

const tell = (report: Partial<VerifyReport>) =>
  tellReport({
    path: "",
    kind: "archive",
    images: [],
    problems: [],
    notes: [],
    loaders: [],
    ...report,
  });

eachOf<VerifyFault>(
  "the fault of a file",
  {
    "ends": [[
      { "length": 9, "within": "header" },
      "it breaks off after 9 bytes, within a header",
    ]],
    "ends-within": [[
      { "length": 9, "name": "a" },
      "it breaks off after 9 bytes, within a",
    ]],
    "no-header": [[{ "offset": 512 }, "there is no header at byte 512"]],
    "record-too-large": [[
      { "offset": 512, "limit": 7 },
      "a record at byte 512 has more than 7 bytes",
    ]],
    "outside": [[{}, "the name leads out of the archive"]],
    "twice": [[
      {},
      "it is there more than once, and loaders differ in which to take",
    ]],
    "incomplete": [[{ "bytes": 1, "size": 2 }, "1 of 2 bytes are there"]],
    "other-size": [[{ "bytes": 1, "size": 2 }, "it has 1 bytes instead of 2"]],
    "other-digest": [[
      { "digest": "sha256:a" },
      "the bytes have digest sha256:a",
    ]],
    "not-expandable": [[{ "words": "odd" }, "it cannot be expanded: odd"]],
    "other-diff-id": [[
      { "digest": "sha256:a", "diffId": "sha256:b" },
      "expanded it has digest sha256:a, not the diffID sha256:b",
    ]],
    "layer-count": [[
      { "config": 1, "manifest": 2 },
      "its configuration speaks of 1 layers, the manifest of 2",
    ]],
    "absent": [[{}, "it is not there"]],
    "no-file": [[{}, "it is no plain file"]],
    "dead-link": [[
      { "target": "b" },
      "it is a link to b, which is no file of it",
    ]],
    "two-manifests": [[{ "name": "a:1" }, "two manifests are called a:1"]],
    "no-text": [[
      { "key": "k", "digest": "sha256:a" },
      "k of sha256:a is no text",
    ]],
    "no-layout-name": [[{}, "it is no name by which a layout can be asked"]],
    "not-in-index": [[
      { "imageId": "sha256:a" },
      "index.json knows nothing of its image sha256:a",
    ]],
    "no-documents": [[{}, "there is neither index.json nor manifest.json"]],
    "before-1.10": [[
      {},
      "it is of Docker before 1.10, which is not known here; load it " +
      "and save it anew",
    ]],
    "invalid": [[{
      error: new InvalidDigestError("x", { code: "no-algorithm" }),
    }, 'it has no "algorithm:"']],
  },
  (fault) =>
    tell({ problems: [{ code: "size", subject: "a", fault }] }).problems[0]!
      .message,
);

eachOf<VerifyNote>("the note of a file", {
  "roundabout": [[
    { "count": 2 },
    "2 names are written in a roundabout way, as ./name",
  ]],
  "endless": [[{}, "the archive has no end mark"]],
  "not-there": [[
    { "digest": "sha256:a", "machine": "linux/arm64" },
    "the index names sha256:a (linux/arm64), which is not there",
  ]],
  "no-image": [[
    { "digest": "sha256:a", "mediaType": "a/b" },
    "sha256:a is no image: a/b",
  ]],
  "artifact": [[
    { "digest": "sha256:a" },
    "sha256:a is an artifact, and no image",
  ]],
  "elsewhere": [[
    { "name": "a", "mediaType": "a/b" },
    "a is kept elsewhere: a/b",
  ]],
  "unchecked": [[
    { "name": "a", "compression": "zstd" },
    "the expanded bytes of a are not checked: this runtime knows no zstd",
  ]],
  "special": [[{ "name": "a" }, "a is no plain file"]],
}, (note) => tell({ notes: [note] }).notes[0]!);

eachOf<LoaderReason>(
  "the reason of a loader",
  {
    "no-folder": [[{}, "it takes a tar, and no folder"]],
    "needs-bytes": [[
      { layers: 1 },
      "where it has the 1 layer that the file lacks, as they were served",
    ]],
    "needs-stack": [[
      { layers: 2 },
      "where an image there has the 2 layers that the file lacks, from the " +
      "bottom up",
    ]],
    "needs-all": [
      [{ layers: 1 }, "it takes no delta, and 1 layer is not in the file"],
      [{ layers: 2 }, "it takes no delta, and 2 layers are not in the file"],
    ],
    "colon": [[{}, "the path holds a colon"]],
    "zstd": [[
      {},
      "it needs Docker 23 or later, as layers are compressed with zstd",
    ]],
    "no-name": [[
      {},
      "it makes nothing of an image without a name, but with " +
      "--base-name NAME --digests",
    ]],
    "nameless": [[{}, "the image will have no name"]],
    "no-document": [[{ "document": "index.json" }, "there is no index.json"]],
    "no-images": [[{ "document": "index.json" }, "index.json names no image"]],
    "platform": [[
      { "platform": "windows/amd64" },
      "on Linux it takes no image for windows/amd64",
    ]],
    "own-platform": [[
      { "platform": "linux/arm64" },
      "it takes what its own machine runs, and this is for " +
      "linux/arm64; --all-platforms takes it",
    ]],
    "too-many-layers": [[
      { "layers": 126, "limit": 125 },
      "it takes 125 layers, and here are 126; with containerd's store " +
      "it takes them",
    ]],
    "short-name": [[
      { "name": "a" },
      "it loads it, and then finds nothing by the name a, which is no " +
      "full one",
    ]],
    "algorithm": [[{ "algorithm": "sha512" }, "it knows no digests by sha512"]],
    "copies-algorithm": [[
      { "algorithm": "sha512" },
      "it copies no digests by sha512",
    ]],
    "layer-elsewhere": [[
      { "name": "a" },
      "it fetches no layers, and a is not in the file",
    ]],
    "fetches": [[
      { "name": "a", "url": "https://h/" },
      "it fetches a from https://h/, and takes none from the file",
    ]],
    "called": [[
      { "name": "localhost/a" },
      "the image will be called localhost/a, after the folder",
    ]],
    "calls": [[
      { "name": "localhost/A" },
      "it calls the image localhost/A, after the folder, which is no " +
      "name; in a folder of lower-case letters and digits it takes it",
    ]],
    "several": [[{ "count": 2 }, "index.json names 2 images instead of one"]],
    "choose": [[
      { "count": 2 },
      "one of 2 must be chosen, as FILE:NAME or FILE:@0",
    ]],
    "choose-by-name": [[{ "count": 2 }, "one of 2 must be chosen by its name"]],
    "config-type": [[
      { "mediaType": "a/b" },
      "its configuration is of the type a/b",
    ]],
    "too-large": [[{ "limit": 7 }, "manifest.json has more than 7 bytes"]],
    "linked": [[{ "name": "a" }, "the layer a is a link"]],
    "two-diff-ids": [[{ "name": "a" }, "the layer a has two diffIDs"]],
    "problem": [[{
      problem: { code: "missing", subject: "a", fault: { code: "absent" } },
    }, "a: it is not there"]],
  },
  (reason) =>
    tell({ loaders: [{ name: "podman", accepts: false, reason }] }).loaders[0]!
      .reason!,
);
