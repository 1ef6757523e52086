/** Which snapshots are predicted. */
import { expect, test } from "vitest";
import { splitTimes } from "../../../src/transport/index.ts";

const data = { times: [0, 1, 2.5, 4] };

test("times are held out by number or by the data's own label, in order and once", () => {
  expect(splitTimes(data, undefined)).toEqual({ train: [0, 1, 2, 3], held: [] });
  expect(splitTimes(data, "4, 1,1")).toEqual({ train: [0, 2], held: [1, 3] });
  const labelled = { times: [0, 1, 2], timeLabels: [["D0"], ["D1"], ["D2"]] };
  expect(splitTimes(labelled, "d1")).toEqual({ train: [0, 2], held: [1] });
});

test("times that are not there, the first one, and all but one are refused", () => {
  expect(() => splitTimes(data, "3")).toThrow(/no time 3/);
  expect(() => splitTimes(data, "0")).toThrow(/first time/);
  expect(() => splitTimes(data, "1,2.5,4")).toThrow(/only the time 0 is left/);
});
