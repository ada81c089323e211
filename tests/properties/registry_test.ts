/** What holds for every header of a registry. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ContentMismatchError } from "../../lib/image/errors.ts";
import { parseChallenges } from "../../lib/registry/auth/challenge.ts";
import { rangeHeader, rangeOf } from "../../lib/net/range.ts";
import { test } from "../harness.ts";
import { runs } from "./runs.ts";

const SIZE = 1_000;
const descriptor = {
  mediaType: "",
  digest: `sha256:${"0".repeat(64)}`,
  size: SIZE,
};

const token = fc.string({
  unit: fc.constantFrom(..."abzAZ09!#$%&'*+-.^_`|~"),
  minLength: 1,
  maxLength: 8,
});
const value = fc.string({
  unit: fc.constantFrom(...'aZ0 ,="\\:/?&%\t;(){}é'),
  maxLength: 20,
});
const space = fc.constantFrom("", " ", "\t", "  ");
const challenges = fc.array(
  fc.record({
    scheme: token,
    parameters: fc.uniqueArray(fc.tuple(token, value, space, fc.boolean()), {
      selector: ([name]) => name.toLowerCase(),
      maxLength: 4,
    }),
  }),
  { maxLength: 4 },
);

test("every list of challenges is read as it was written", () => {
  fc.assert(
    fc.property(challenges, space, (list, gap) => {
      const header = list.map(({ scheme, parameters }) =>
        [
          scheme,
          parameters.map(([name, value, gap, bare]) =>
            bare && /^[^\s,"=]+$/.test(value)
              ? `${name}=${value}`
              : `${name}${gap}=${gap}"${value.replaceAll(/["\\]/g, "\\$&")}"`
          ).join(`${gap},${gap}`),
        ].join(" ")
      ).join(`${gap},${gap}`);
      assertEquals(
        parseChallenges(header).map(({ scheme, parameters }) => [
          scheme,
          [...parameters],
        ]),
        list.map(({ scheme, parameters }) => [
          scheme.toLowerCase(),
          parameters.map(([name, value]) => [name.toLowerCase(), value]),
        ]),
      );
    }),
    runs(1_000),
  );
});

test("any text is a list of challenges", () => {
  const part = fc.constantFrom(
    ...'Bearer Basic realm = , " \\ a b== \t / : é'.split(" "),
    " ",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { maxLength: 30 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (text) => {
      for (const { scheme, parameters } of parseChallenges(text)) {
        assert(/^[^\s",=]+$/.test(scheme), scheme);
        for (const name of parameters.keys()) {
          assert(/^[^\s",=]+$/.test(name), name);
        }
      }
    }),
    runs(1_000),
  );
});

const position = fc.integer({ min: -3, max: SIZE + 3 });
const asked = fc.tuple(
  fc.nat({ max: SIZE - 1 }),
  fc.integer({ min: 1, max: SIZE }),
).map(([offset, length]) => ({
  offset,
  end: Math.min(SIZE, offset + length),
}));

test("a Content-Range is believed where it fits what was asked for, and only there", () => {
  const total = fc.constantFrom<number | "*">(SIZE, SIZE, SIZE + 1, 0, "*");
  const form = fc.constantFrom(
    "bytes #",
    " bytes # ",
    "bytes # ",
    "Bytes #",
    "bytes=#",
    "#",
    "",
  );
  fc.assert(
    fc.property(asked, position, position, total, form, (
      asked,
      first,
      last,
      total,
      form,
    ) => {
      const text = form.replace("#", `${first}-${last}/${total}`);
      const response = new Response(null, {
        status: 206,
        headers: { "content-range": text },
      });
      // Only numbers without a sign, after the unit, are a range.
      const wellFormed = /^\s*bytes #\s*$/.test(form) && first >= 0 &&
        last >= 0;
      const fits = wellFormed && first === asked.offset && last >= first &&
        last < asked.end;
      let found;
      try {
        found = rangeOf(response, descriptor, asked);
      } catch (error) {
        assert(error instanceof ContentMismatchError, String(error));
        assert(wellFormed && total !== "*" && total !== SIZE, text);
        return;
      }
      assert(!wellFormed || total === "*" || total === SIZE, text);
      assertEquals(found?.offset, fits ? asked.offset : undefined, text);
    }),
    runs(1_000),
  );
});

test("what Range asks for, Content-Range answers", () => {
  fc.assert(
    fc.property(asked, (asked) => {
      const header = rangeHeader(descriptor, asked);
      const whole = asked.offset === 0 && asked.end === SIZE;
      assertEquals(header === undefined, whole);
      if (header === undefined) return;
      const response = new Response(null, {
        status: 206,
        headers: { "content-range": `${header.replace("=", " ")}/${SIZE}` },
      });
      assertEquals(rangeOf(response, descriptor, asked), {
        offset: asked.offset,
        partial: true,
      });
    }),
    runs(500),
  );
});
