/** Times written as text. */

import { expect, test } from "vitest";
import { readTimes } from "../../src/data/times.ts";
import fc from "../property.ts";

const numbers = (...labels: (string | null)[]): number[] => Array.from(readTimes(labels).numbers);
const problem = (...labels: string[]): string => {
  const found = readTimes(labels).problem;
  return `${found?.message} ${found?.hint}`;
};

test("numbers and ISO dates stay what they are, without a note", () => {
  expect(readTimes(["1", " 2.5 ", "-3e2", null, ""])).toEqual({ numbers: Float64Array.of(1, 2.5, -300, Number.NaN, Number.NaN) });
  expect(numbers("1970-01-02", "1970-01-01 12:00")).toEqual([1, 0.5]);
});

test("labels around one number count as the number, ranges as their middle", () => {
  expect(numbers("D0", "D3", "d10")).toEqual([0, 3, 10]);
  expect(numbers("E8.5", "E7", null)).toEqual([8.5, 7, Number.NaN]);
  expect(numbers("Day 00-03", "Day 06-09", "day 24-27")).toEqual([1.5, 7.5, 25.5]);
  expect(numbers("day_2", "day_4")).toEqual([2, 4]);
});

test("a hyphen behind a word is a separator, behind a space or at the start a minus", () => {
  expect(numbers("day-3", "day-0", "day-10")).toEqual([3, 0, 10]);
  expect(numbers("week-10", "week-2")).toEqual([10, 2]);
  expect(numbers("day -2", "day 4")).toEqual([-2, 4]);
  expect(numbers("-3 d", "2 d")).toEqual([-3, 2]);
  expect(problem("P-2", "P0", "P4")).toMatch(/the hyphen of "P-2" may be a minus or a separator/);
});

test("two numbers that do not ascend, or of very different size, are no range", () => {
  expect(problem("T1-2020", "T2-2020")).toMatch(/^"T1-2020", "T2-2020" are not read as times.*"day 12-15"/);
});

test("units of time are brought to the smallest one", () => {
  expect(numbers("0h", "8h", "1d", "3 days", "1 week")).toEqual([0, 8, 24, 72, 168]);
  expect(numbers("30 min", "2 hours")).toEqual([30, 120]);
  // a year has 365.25 days, a month a twelfth of them
  expect(numbers("3mo", "6mo", "1y")).toEqual([3, 6, 12]);
  expect(numbers("1 month", "1d")).toEqual([30.4375, 1]);
  expect(numbers("30m", "1h")).toEqual([30, 60]);
  expect(problem("3m", "1y")).toMatch(/"m" may be minutes or months/);
});

test("the note lists the labels with their times, in order, and their unit", () => {
  expect(readTimes(["1d", "0h", "2h"]).note).toBe('labels are read as times in hours: "0h" = 0, "2h" = 2, "1d" = 24');
  expect(readTimes(["3 months"]).note).toBe('labels are read as times in months: "3 months" = 3');
  const many = Array.from({ length: 10 }, (_, i) => `D${i}`);
  expect(readTimes(many).note).toMatch(/times: "D0" = 0, .*"D7" = 7 and 2 more$/);
});

test("dates are days since 1970, whatever their order, with the offset of their time", () => {
  expect(numbers("1970-01-01T00:00:00+02:00", "1970-01-02 00:00:00+00", "1970-01-02T12:00Z")).toEqual([-1 / 12, 1, 1.5]);
  expect(numbers("13/01/1970", "02/01/1970")).toEqual([12, 1]);
  expect(numbers("01/13/1970", "01/02/1970")).toEqual([12, 1]);
  expect(readTimes(["13/01/1970", "02/01/1970"]).note).toBeUndefined();
  expect(numbers("02/01/1970", "03/01/1970")).toEqual([1, 2]);
  expect(readTimes(["02/01/1970", "03/01/1970"]).note).toMatch(/"02\/01\/1970" is read as 1970-01-02, the day before the month/);
  expect(problem("2020-02-30")).toMatch(/"2020-02-30" is no date/);
});

test("months, quarters, ISO weeks and decades are counted in their own unit", () => {
  expect(numbers("2020-01", "2020-12", "2021-01", "1969-12")).toEqual([600, 611, 612, -1]);
  expect(numbers("Jan 2020", "2020 February", null)).toEqual([600, 601, Number.NaN]);
  expect(numbers("1970-Q1", "Q4 1970", "1971q1")).toEqual([0, 3, 4]);
  expect(numbers("1990s", "2000s")).toEqual([1990, 2000]);
  // 2020 had 53 weeks; the first week of 2021 began on Monday, 4 January
  const monday = (date: string): number => (Date.parse(`${date}T00:00Z`) / 864e5 - 4) / 7;
  expect(numbers("2020-W01", "2020-W53", "2021-W01")).toEqual(["2019-12-30", "2020-12-28", "2021-01-04"].map(monday));
  expect(readTimes(["2020-01", "2020-02"]).note).toMatch(/^labels are read as times in months since January 1970: "2020-01" = 600/);
  expect(problem("2020-13", "2020-01")).toMatch(/"2020-13" does not exist/);
  expect(problem("2021-W53", "2021-W01")).toMatch(/"2021-W53" does not exist/);
  expect(numbers("30s", "60s")).toEqual([30, 60]); // seconds
});

test("labels that are not of one kind are refused, and named", () => {
  expect(problem("D1", "E2")).toMatch(/"D1" and "E2" are not of one kind/);
  expect(problem("D1", "2")).toMatch(/"D1" and "2" are not of one kind/);
  expect(problem("1 h", "2 cells")).toMatch(/"2 cells" has no unit of time/);
  expect(problem("ctrl", "6h", "24h")).toMatch(/^"ctrl" is not read as a time.*8h and 1d/);
  expect(problem("2020-01-01", "5")).toMatch(/dates \("2020-01-01"\) are mixed with other values \("5"\)/);
  expect(numbers("early", "late")).toEqual([Number.NaN, Number.NaN]);
});

test("any words around any number give it back", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const values = fc.array(fc.nat(1e6), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(word, values, (w, ns) => void expect(numbers(...ns.map((n) => `${w} ${n}`))).toEqual(ns)));
});
