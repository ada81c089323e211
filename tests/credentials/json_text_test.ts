import { assertEquals } from "@std/assert";
import { deleteMember, setMember } from "../../lib/credentials/json_text.ts";
import { test } from "../harness.ts";

const SET: [string, string, string][] = [
  [
    "an empty object",
    "{}",
    '{\n\t"a": {\n\t\t"b": {\n\t\t\t"v": 1\n\t\t}\n\t}\n}',
  ],
  ["one line", '{"x":1}', '{"x":1,"a":{"b":{"v":1}}}'],
  ["one line with the object", '{"a":{"c":2}}', '{"a":{"c":2,"b":{"v":1}}}'],
  [
    "one line with the member",
    '{"a":{"b":2,"c":3}}',
    '{"a":{"b":{"v":1},"c":3}}',
  ],
  ["one line with an empty object", '{"a":{}}', '{"a":{"b":{"v":1}}}'],
  ["null in the way", '{"a":null}', '{"a":{"b":{"v":1}}}'],
  ["a text in the way", '{"a":"{}"}', '{"a":{"b":{"v":1}}}'],
  [
    "two of a name",
    '{"a":{"b":2},"a":{"b":3}}',
    '{"a":{"b":2},"a":{"b":{"v":1}}}',
  ],
  ["an escaped name", '{"\\u0061":{"b":2}}', '{"\\u0061":{"b":{"v":1}}}'],
  [
    "brackets in texts",
    '{"}{\\"":"]}\\\\","a":{"b":2}}',
    '{"}{\\"":"]}\\\\","a":{"b":{"v":1}}}',
  ],
  [
    "two spaces",
    '{\n  "a": {}\n}\n',
    '{\n  "a": {\n    "b": {\n      "v": 1\n    }\n  }\n}\n',
  ],
  [
    "mixed layout",
    '{\n  "a": {"c": 1}\n}',
    '{\n  "a": {"c": 1,"b": {\n      "v": 1\n    }}\n}',
  ],
];

for (const [what, text, wanted] of SET) {
  test(`setMember() sets a member in ${what}`, () => {
    const changed = setMember(text, ["a", "b"], { v: 1 });
    assertEquals(changed, wanted);
    assertEquals(JSON.parse(changed).a.b, { v: 1 });
  });
}

const DELETE: [string, string, string][] = [
  ["the only one", '{"a":{ "b":1 }}', '{"a":{}}'],
  ["the first", '{"a":{"b":{"x":[1,2]}, "c":2}}', '{"a":{"c":2}}'],
  ["the last", '{"a":{"c":2,\n"b":"}"\n}}', '{"a":{"c":2\n}}'],
  ["the middle", '{"a":{"c":2,"b":-1.5e3,"d":4}}', '{"a":{"c":2,"d":4}}'],
  [
    "every one of the name",
    '{"a":{"b":1,"c":2,"b":3,"\\u0062":4}}',
    '{"a":{"c":2}}',
  ],
  ["nothing if it is not there", '{"a":{"c":2}}', '{"a":{"c":2}}'],
  ["nothing if there is no object", '{"a":["b"]}', '{"a":["b"]}'],
  ["nothing of another object", '{"b":1,"x":{"b":2}}', '{"b":1,"x":{"b":2}}'],
];

for (const [what, text, wanted] of DELETE) {
  test(`deleteMember() deletes ${what}`, () => {
    const changed = deleteMember(text, ["a", "b"]);
    assertEquals(changed, wanted);
    JSON.parse(changed);
  });
}
