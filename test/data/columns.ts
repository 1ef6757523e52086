/** Columns of values of every kind, by chance. */
import type { GraphColumn } from "../../src/data/graph-columns.ts";
import fc from "../property.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 cannot hold
export const odd = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -9, max: 9 })).map((x) => x + 0);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  fc.constantFrom(
    "",
    " ",
    "1.0",
    "007",
    "9007199254740993",
    "-0",
    "NaN",
    "a,b",
    '"',
    "x\ny",
    "x\r\ny",
    "\t",
    "#",
    "Directed",
    "true",
    "null",
    "\ufeff",
  ),
);
const missing = (value: fc.Arbitrary<string>): fc.Arbitrary<string | null> => fc.option(value, { freq: 4 });
/** A column of m values. */
export const column = (m: number): fc.Arbitrary<Omit<GraphColumn, "name">> =>
  fc.oneof(
    fc
      .array(fc.oneof({ weight: 4, arbitrary: number }, fc.constant(Number.NaN)), { minLength: m, maxLength: m })
      .map((values) => ({ kind: "number" as const, values: Float64Array.from(values) })),
    fc.array(missing(text), { minLength: m, maxLength: m }).map((values) => ({ kind: "text" as const, values })),
    fc
      .array(missing(fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.stringify(value))), { minLength: m, maxLength: m })
      .map((values) => ({ kind: "json" as const, values })),
  );
/** Names of columns. */
export const called = fc.uniqueArray(fc.constantFrom("weight", "type", "a b", "label", "x,y", "#", '"', "column 3", "é", "1"), {
  minLength: 1,
  maxLength: 3,
});
