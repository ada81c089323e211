import { assertEquals, assertThrows } from "@std/assert";
import { test } from "../../harness.ts";
import {
  type OptionDefinition,
  parseArguments,
  UsageError,
} from "../../../cli/options/arguments.ts";
import { nearest } from "../../../cli/options/meant.ts";

const TABLE: OptionDefinition[] = [
  {
    name: "output",
    short: "o",
    value: "FILE",
    dash: true,
    group: "A",
    help: "",
  },
  { name: "platform", value: "PLATFORM", group: "A", help: "" },
  { name: "password", value: "PASSWORD", group: "A", help: "" },
  { name: "add", value: "X", repeatable: true, group: "A", help: "" },
  { name: "no-cache", group: "A", help: "" },
  { name: "quiet", short: "q", group: "A", help: "" },
  { name: "verbose", short: "v", group: "A", help: "" },
];

function parse(...argv: string[]) {
  const { flags, values, operands } = parseArguments(argv, TABLE);
  return {
    flags: [...flags],
    values: Object.fromEntries(values),
    operands,
  };
}

test("parseArguments() takes every way to write an option", () => {
  const table: [string[], Partial<ReturnType<typeof parse>>][] = [
    [["nginx"], {}],
    [["--output", "a", "nginx"], { values: { output: ["a"] } }],
    [["--output=a", "nginx"], { values: { output: ["a"] } }],
    [["nginx", "--output=a=b"], { values: { output: ["a=b"] } }],
    [["-o", "a", "nginx"], { values: { output: ["a"] } }],
    [["-oa", "nginx"], { values: { output: ["a"] } }],
    [["-o=a", "nginx"], { values: { output: ["a"] } }],
    [["-qo", "a", "nginx"], {
      flags: ["quiet"],
      values: { output: ["a"] },
    }],
    [["-qv", "nginx"], { flags: ["quiet", "verbose"] }],
    [["--no-cache", "nginx"], { flags: ["no-cache"] }],
    [["--add", "1", "nginx", "--add=2"], { values: { add: ["1", "2"] } }],
    [["--password=-x", "nginx"], { values: { password: ["-x"] } }],
    [["--", "nginx"], {}],
  ];
  for (const [argv, expected] of table) {
    assertEquals(
      parse(...argv),
      { flags: [], values: {}, operands: ["nginx"], ...expected },
      argv.join(" "),
    );
  }
});

test("parseArguments() keeps operands and values as they were written", () => {
  assertEquals(parse("1e3", "-q", "true", "007").operands, [
    "1e3",
    "true",
    "007",
  ]);
  assertEquals(parse("--no-cache", "false").operands, ["false"]);
  assertEquals(parse("--output", "010").values, { output: ["010"] });
  assertEquals(parse("--", "--output", "-q").operands, ["--output", "-q"]);
  assertEquals(parse("-").operands, ["-"]);
  for (
    const argv of [["-o", "-"], ["--output", "-"], ["-o-"], ["-qo", "-"], [
      "--output=-",
    ]]
  ) {
    const { operands, values } = parse("a", ...argv, "b");
    assertEquals([operands, values], [["a", "b"], { output: ["-"] }]);
  }
});

test("parseArguments() names what is wrong with an option", () => {
  const table: [string[], string][] = [
    [["--plattform", "x"], "--plattform; did you mean --platform?"],
    [["--out", "x"], "--out; did you mean --output?"],
    [["--zzzzzz"], "Unknown option --zzzzzz"],
    [["-x"], "Unknown option -x"],
    [["-qx"], "Unknown option -x"],
    [["--cache"], "Unknown option --cache"],
    [["--no-quiet"], "Unknown option --no-quiet"],
    [["--__proto__=1"], "Unknown option --__proto__"],
    [["--output"], "Option --output needs a value: --output FILE"],
    [["--output="], "Option --output needs a value"],
    [["-o"], "Option --output needs a value"],
    [["--platform", "-"], 'Option --platform takes no "-"'],
    [["--output", "--quiet"], "Option --output needs a value"],
    [["--output", "a", "-o", "b"], "Option --output is given twice"],
    [["--quiet=yes"], "Option --quiet takes no value"],
    [["-q=1"], "Option -q takes no value"],
    [["--no-cache=true"], "Option --no-cache takes no value"],
  ];
  for (const [argv, message] of table) {
    assertThrows(() => parse(...argv), UsageError, message);
  }
});

test("parseArguments() never tells a value, which may be a password", () => {
  for (
    const argv of [
      ["--pasword=hunter2", "nginx"],
      ["--password=hunter2\nx", "nginx"],
      ["--password", "hunter2", "--password", "hunter2"],
      ["--quiet=hunter2"],
    ]
  ) {
    const { message } = assertThrows(() => parse(...argv), UsageError);
    assertEquals(message.includes("hunter2"), false, message);
  }
});

test("nearest() finds the word that was meant, or none", () => {
  const words = ["max-concurrent-downloads", "platform", "password", "force"];
  assertEquals(nearest("max-concurent-downloads", words), words[0]);
  assertEquals(nearest("max", words), words[0]);
  assertEquals(nearest("PLATFORM", words), "platform");
  assertEquals(nearest("pasword", words), "password");
  assertEquals(nearest("forse", words), "force");
  assertEquals(nearest("registry", words), undefined);
  assertEquals(nearest("", words), undefined);
});
