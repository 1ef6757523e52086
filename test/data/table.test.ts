import { describe, expect, test } from "vitest";
import { column, list, selectColumns, table, uniqueNames } from "../../src/data/table.ts";
import { nearest, UserError } from "../../src/errors.ts";

const zeros = (...names: string[]) =>
  table(
    "t.csv",
    names.map((name) => ({ name, values: new Float64Array(3) })),
  );

describe("names", () => {
  test("the nearest name is found across swaps, case and small slips, and nothing far is suggested", () => {
    const names = ["time", "fertility", "life_expect", "X1"];
    expect(nearest("tiem", names)).toBe("time");
    expect(nearest("Fertilty", names)).toBe("fertility");
    expect(nearest("life-expect", names)).toBe("life_expect");
    expect(nearest("population", names)).toBeUndefined();
    expect(nearest("Q", ["t"])).toBeUndefined();
  });

  test("a missing column names the file and suggests", () => {
    expect(() => column(zeros("time", "x"), "tmie")).toThrow(
      expect.objectContaining({ message: 't.csv: no column "tmie"', hint: 'did you mean "time"?' }),
    );
    expect(() => column(zeros("a", "b"), "zzzz")).toThrow(expect.objectContaining({ hint: 'the columns are "a", "b"' }));
  });

  test("lists and ranges select columns in the order given", () => {
    const t = zeros("pc1", "pc2", "pc3", "pc10", "a..b1", "y");
    expect(selectColumns(t, "y, pc1..pc3")).toEqual(["y", "pc1", "pc2", "pc3"]);
    expect(selectColumns(t, "pc2..3")).toEqual(["pc2", "pc3"]);
    expect(selectColumns(t, "a..b1")).toEqual(["a..b1"]);
    for (const [specification, message] of [
      ["pc1..pc4", /no column "pc4"/],
      ["pc3..pc1", /is not a range/],
      ["pc1..y3", /same name before the number/],
      ["pc1,pc1..2", /"pc1" is named twice/],
      ["", /no column ""/],
      ["pc1..pc999999999", /is not a range/],
    ] as const) {
      expect(() => selectColumns(t, specification)).toThrow(UserError);
      expect(() => selectColumns(t, specification)).toThrow(message);
    }
  });

  test("names that are the same but for case get numbers, and no name is given twice", () => {
    expect(uniqueNames(["time", "Time", "TIME", "x", "time 2"])).toEqual(["time", "Time 2", "TIME 3", "x", "time 2 2"]);
    expect(uniqueNames(["constructor", "a"])).toEqual(["constructor", "a"]);
  });

  test("columns of unequal length are no table; long lists are cut", () => {
    expect(() =>
      table("t", [
        { name: "a", values: new Float64Array(2) },
        { name: "b", values: ["x"] },
      ]),
    ).toThrow(/"b" has 1 rows, "a" has 2/);
    expect(list(["a", "b", "c"], 2)).toBe('"a", "b" and 1 more');
  });
});
