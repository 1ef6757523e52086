/** The choice among methods that were tried. */
import { expect, test } from "vitest";
import { candidates, chosen } from "../../../src/transport/evaluation/candidates.ts";

const result = (method: "am" | "wlf-ot" | "ot-cfm", w1: number, error = 0.1) => ({ method, w1, error, seconds: 1 });

test("the simplest method within one standard error of the lowest is taken", () => {
  const table = [result("am", 1.05), result("wlf-ot", 1), result("ot-cfm", 1.2)];
  expect(chosen(table, [], [1], 300).best).toEqual({ method: "am" });
  expect(chosen([result("am", 1.15), ...table.slice(1)], [], [1], 300).best).toEqual({ method: "wlf-ot" });
});

test("a method that is not the lowest is taken with the reason in its row and in the text", () => {
  const { text, report } = chosen([result("am", 1.05), result("wlf-ot", 1), result("ot-cfm", 1.08)], [], [1], 300);
  expect(text.join("\n")).toMatch(/one-standard-error rule: the simplest method, .* 1\.0000 \+ 0\.1000 = 1\.1000/);
  expect(report.rows.map((row) => row.at(-1))).toEqual([
    "chosen: the first within one standard error of the lowest, at most 1.1000",
    "lowest",
    "within one standard error, but less simple",
  ]);
});

test("what needs no learning and is closer is named, the sampling floor is not", () => {
  const unlearned = [
    { name: "optimal-transport midpoint", w1: 0.9, error: 0.1 },
    { name: "sampling floor", w1: 0.1, error: 0 },
  ];
  const { text, report } = chosen([result("am", 1)], unlearned, [1970, 1990], 300);
  expect(text.join("\n")).toMatch(/at 1970, 1990, each left out once \(300 steps\)/);
  expect(text.at(-1)).toMatch(/nothing that was tried is closer .*: the optimal-transport midpoint$/);
  expect(report.rows).toHaveLength(3);
});

test("where masses were counted, only methods with growth are tried", () => {
  expect(candidates(true, 2, true).every((c) => c.growth === 2)).toBe(true);
  expect(candidates(false, 2, true).some((c) => c.growth === undefined)).toBe(true);
});

test("curves and mechanics are tried where each training has the snapshots that they need, after straight lines, and are named", () => {
  expect([true, false].map((curved) => candidates(false, 2, curved).some((c) => c.method === "mechanics"))).toEqual([true, false]);
  const tried = candidates(false, 2, true);
  expect(tried.filter((c) => c.path).map((c) => c.method)).toEqual(["am", "uam"]);
  expect(tried.slice(0, 2)).toEqual([{ method: "am" }, { method: "am", path: "spline" }]);
  expect(candidates(false, 2, false).some((c) => c.path)).toBe(false);
  const { best, text } = chosen([result("am", 1.5), { ...result("am", 1), path: "spline" }], [], [1], 300);
  expect(best).toEqual({ method: "am", path: "spline" });
  expect(text[0]).toMatch(/^chosen: am spline/);
});
