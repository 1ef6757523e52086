/** Times written as text. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readTimes } from "../../src/data/times.ts";

const numbers = (...labels: (string | null)[]): number[] => Array.from(readTimes(labels).numbers);

test("numbers and ISO dates stay what they are, without a note", () => {
  expect(readTimes(["1", " 2.5 ", "-3e2", null, ""])).toEqual({ numbers: Float64Array.of(1, 2.5, -300, Number.NaN, Number.NaN) });
  expect(numbers("1970-01-02", "1970-01-01 12:00")).toEqual([1, 0.5]);
});

test("labels around one number count as the number, ranges as their middle", () => {
  expect(numbers("D0", "D3", "d10")).toEqual([0, 3, 10]);
  expect(numbers("E8.5", "E7", null)).toEqual([8.5, 7, Number.NaN]);
  expect(numbers("Day 00-03", "Day 06-09", "day 24-27")).toEqual([1.5, 7.5, 25.5]);
  expect(numbers("day_2", "day_4")).toEqual([2, 4]);
  expect(readTimes(["D3", "D4"]).note).toBe('labels such as "D3" are read as 3');
});

test("units of time are brought to the smallest one", () => {
  expect(numbers("0h", "8h", "1d", "3 days", "1 week")).toEqual([0, 8, 24, 72, 168]);
  expect(numbers("30 min", "2 hours")).toEqual([30, 120]);
  expect(readTimes(["0h", "1d"]).note).toBe('labels such as "0h" are read as 0 h');
});

test("labels that are not of one kind are not read", () => {
  expect(numbers("D1", "E2")).toEqual([Number.NaN, Number.NaN]);
  expect(numbers("1 h", "2 cells")).toEqual([Number.NaN, Number.NaN]);
  expect(numbers("early", "late")).toEqual([Number.NaN, Number.NaN]);
});

test("any words around any number give it back", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const values = fc.array(fc.nat(1e6), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(word, values, (w, ns) => void expect(numbers(...ns.map((n) => `${w} ${n}`))).toEqual(ns)));
});
