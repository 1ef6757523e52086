import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dataset, datasetNames } from "../../src/data/builtin.ts";
import { readTable } from "../../src/data/read.ts";
import { type SnapshotOptions, toSnapshots } from "../../src/data/snapshots.ts";
import { table, type Values } from "../../src/data/table.ts";
import { UserError } from "../../src/errors.ts";

const cells = (columns: Record<string, Values | number[]>) =>
  table(
    "cells.csv",
    Object.entries(columns).map(([name, v]) => ({
      name,
      values: typeof v[0] === "number" ? Float64Array.from(v as number[]) : (v as Values),
    })),
  );

describe("snapshots", () => {
  test("rows are grouped by time in ascending order, each keeping the order of the table", () => {
    const s = toSnapshots(cells({ day: [7, 0, 7, 0], x: [1, 2, 3, 4], y: [5, 6, 7, 8], w: [1, 2, 3, 4], id: ["a", "b", "c", "d"] }), {
      weight: "w",
      label: "id",
    });
    expect(s.times).toEqual([0, 7]);
    expect(s.features).toEqual(["x", "y"]);
    expect(s.snapshots.map((c) => [c.shape, [...c.data]])).toEqual([
      [
        [2, 2],
        [2, 6, 4, 8],
      ],
      [
        [2, 2],
        [1, 5, 3, 7],
      ],
    ]);
    expect(s.weights?.map((w) => [...w.data])).toEqual([
      [2, 4],
      [1, 3],
    ]);
    expect(s.labels).toEqual([
      ["b", "d"],
      ["a", "c"],
    ]);
    expect(s.warnings).toEqual(["fewer than 10 particles at day = 0, 7"]);
  });

  test("dates are days since 1970, times of day their fractions", () => {
    const s = toSnapshots(cells({ time: ["1970-01-02", "1970-01-01 12:00:00", "1970-01-02"], x: [1, 2, 3] }));
    expect(s.times).toEqual([0.5, 1]);
  });

  test("the data's own words for a time stay with it, and rows without a time are left out on request", () => {
    const s = toSnapshots(cells({ time: ["1d", "24h", "1h", null], x: [1, 2, 3, 4] }), { dropMissing: true });
    expect(s.times).toEqual([1, 24]);
    expect(s.timeLabels).toEqual([["1h"], ["1d", "24h"]]);
    expect(s.snapshots.map((c) => [...c.data])).toEqual([[3], [1, 2]]);
  });

  test("columns that name particles or number rows are no features unless they are asked for", () => {
    const x = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
    const from = (first: number) => x.map((_, i) => first + i);
    const all = {
      t: x.map((_, i) => i % 2),
      column0: [...from(7)].reverse(),
      i0: from(0),
      i1: from(1),
      i2: from(2),
      cluster: x,
      x,
    };
    const s = toSnapshots(cells(all), { label: "cluster" });
    expect(s.features).toEqual(["i2", "x"]);
    expect(s.warnings[0]).toBe('row numbers are left out: "column0", "i0", "i1"');
    expect(toSnapshots(cells(all), { features: "i0" }).features).toEqual(["i0"]);
  });

  test("columns of text are left out with a word; numbers with some text among them are refused with the place", () => {
    const x = Array.from({ length: 12 }, (_, i) => i * i);
    const [t, kind] = [x.map((_, i) => i % 2), x.map((_, i) => `k${i % 3}`)];
    const s = toSnapshots(cells({ t, x, kind }));
    expect([s.features, s.warnings[0]]).toEqual([["x"], 'columns of text are left out: "kind"']);
    const spoilt = cells({ t, x, y: x.map((v, i) => (i === 4 ? "n.d." : String(v))) });
    expect(() => toSnapshots(spoilt)).toThrow(/column "y": 1 of 12 values are not numbers \(first: row 5, "n\.d\."\)/);
    expect(toSnapshots(spoilt, { features: "x" }).features).toEqual(["x"]);
  });

  test("constant features are left out with a word if nobody asked for them", () => {
    const s = toSnapshots(cells({ t: [0, 1], x: [1, 2], batch: [3, 3] }));
    expect(s.features).toEqual(["x"]);
    expect(s.warnings[0]).toBe('column "batch" is constant and left out');
  });

  test("rows with missing values are left out on request, and counted", () => {
    const s = toSnapshots(cells({ t: [0, 1, 1], x: [1, Number.NaN, 2], y: [1, 2, 3] }), { dropMissing: true });
    expect(s.snapshots.map((c) => c.shape)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(s.warnings[0]).toBe('1 missing or infinite value in 1 of 3 rows (first: column "x", row 2: missing): rows left out');
  });

  test("many duplicates are noticed", () => {
    const n = 20;
    const s = toSnapshots(
      cells({ t: Array.from({ length: 2 * n }, (_, i) => i % 2), x: Array.from({ length: 2 * n }, (_, i) => (i % 2 ? i : 1)) }),
    );
    expect(s.warnings).toEqual(["more than half of the particles at t = 0 are duplicates"]);
  });

  test("bad input is refused: what, where, what to do", () => {
    const good = { day: [0, 1, 1], x: [1, 2, 3] };
    const cases: [Record<string, Values | number[]>, SnapshotOptions, RegExp, RegExp][] = [
      [{ ...good, day: [3, 3, 3] }, {}, /cells\.csv: column "day" has a single time \(3\)/, /at least two snapshots/],
      [{ when: [0, 1, 2], x: [1, 2, 3] }, {}, /which column is the time/, /--time; the columns are "when", "x"/],
      [good, { time: "dya" }, /no column "dya"/, /did you mean "day"/],
      [good, { features: "day,x" }, /"day" is the time/, /^$/],
      [{ ...good, day: ["d0", "e1", "d1"] }, {}, /cells\.csv, column "day": the labels "d0" and "e1" are not of one kind/, /D3/],
      [{ ...good, day: ["early", "late", "1"] }, {}, /column "day": "early", "late" are not read as times/, /D3/],
      [
        { ...good, x: ["1", "2", "?"] },
        { features: "x" },
        /column "x": 1 of 3 values are not numbers \(first: row 3, "\?"\)/,
        /--missing "\?" takes such a word for a missing value, --decimal ,/,
      ],
      [
        { ...good, x: [1, Number.NaN, Number.NaN] },
        {},
        /2 missing or infinite values in 2 of 3 rows \(first: column "x", row 2: missing\)/,
        /--drop-missing/,
      ],
      [{ ...good, x: [1, 2, Number.POSITIVE_INFINITY] }, {}, /row 3: Infinity/, /--drop-missing/],
      [{ ...good, x: [1, 2, 1e39] }, {}, /row 3: 1e\+39/, /--drop-missing/],
      [{ ...good, x: [Number.NaN, Number.NaN, Number.NaN] }, { dropMissing: true }, /every row has a missing value/, /--features/],
      [{ ...good, y: [4, 4, 4] }, { features: "x,y" }, /column "y" is constant/, /--features/],
      [{ ...good, x: [4, 4, 4] }, {}, /column "x" is constant/, /--features/],
      [{ day: [0, 1], name: ["a", "b"] }, {}, /no numeric column besides the time/, /--features/],
      [{ ...good, w: [1, -2, 1] }, { weight: "w" }, /column "w", row 2: a weight of -2 is negative/, /masses/],
      [{ ...good, w: [1, Number.NaN, 1] }, { weight: "w" }, /column "w", row 2: missing/, /--drop-missing/],
      [{ ...good, w: [1, 0, 0] }, { weight: "w" }, /column "w": all weights at day = 1 are zero/, /leave out its rows/],
      // singles have steps of 64 at 1e9
      [{ ...good, x: [1e9, 1e9 + 10, 1e9 + 20] }, {}, /column "x" varies by 8\.2 about 1\.00000e\+9.*steps of 64/, /subtract/],
    ];
    for (const [columns, options, message, hint] of cases) {
      const attempt = () => toSnapshots(cells(columns), options);
      expect(attempt, String(message)).toThrow(UserError);
      expect(attempt).toThrow(message);
      try {
        attempt();
      } catch (error) {
        expect((error as UserError).hint ?? "").toMatch(hint);
      }
    }
  });

  const embryoid = `${process.env.PUSHFORWARD_DATA ?? "../shared/data"}/sc-embryoid-body/eb2750.npz`;
  test.runIf(existsSync(embryoid))("the embryoid-body cells are five snapshots of 550", async () => {
    const s = toSnapshots(await readTable(embryoid), { features: "X1..X5" });
    expect(s.times).toEqual([0, 1, 2, 3, 4]);
    expect(s.snapshots.map((c) => c.shape)).toEqual(new Array(5).fill([550, 5]));
    expect(s.warnings).toEqual(["X", "v"].map((name) => `array "${name}" of shape [2750, 100] is taken as columns ${name}1 to ${name}100`));
  });
});

describe("built-in data", () => {
  test("every set is well formed and decided by its seed", async () => {
    for (const name of datasetNames) {
      const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => dataset(name, { seed, particles: 50 })));
      expect(a.snapshots).toEqual(b.snapshots);
      expect(a.times.length).toBe(a.snapshots.length);
      expect(a.snapshots.every(({ shape, data }) => shape[1] === a.features.length && data.every(Number.isFinite))).toBe(true);
      if (a.truth) expect(a.snapshots).not.toEqual(c.snapshots);
    }
  });

  test("gapminder's countries keep their place in all eleven years", async () => {
    const g = await dataset("gapminder");
    expect(g.times).toEqual([1955, 1960, 1965, 1970, 1975, 1980, 1985, 1990, 1995, 2000, 2005]);
    expect(g.pathsKnown).toBe(true);
    expect(new Set(g.labels?.map((l) => l.join())).size).toBe(1);
    // the file's first record: Afghanistan 1955, fertility 7.42, life expectancy 43.88, 7,971,931 people
    expect(g.labels?.[0][0]).toBe("Afghanistan");
    expect([...g.snapshots[0].data.subarray(0, 3)]).toEqual([7.42, 43.88, Math.log10(7971931)].map(Math.fround));
  });

  test("the Gaussians have mean 2 t and variance (1-t)² + t²/4, and their energies are those of the formula", async () => {
    const n = 40_000;
    const g = await dataset("gaussians", { particles: n });
    g.times.forEach((t, k) => {
      const x = Array.from(g.snapshots[k].data);
      const variance = (1 - t) ** 2 + t ** 2 / 4;
      const mean = x.reduce((a, b) => a + b) / n;
      const square = x.reduce((a, b) => a + (b - 2 * t) ** 2, 0) / n;
      // 5 standard errors: sqrt(v / n) and v sqrt(2 / n)
      expect(Math.abs(mean - 2 * t)).toBeLessThan(5 * Math.sqrt(variance / n));
      expect(Math.abs(square - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / n));
    });
    // r r' = -(1-t) + t/4, so r'² = (5t/4 - 1)² / r²; midpoint rule, error O(h²) ~ 1e-9
    const steps = 20_000;
    let energy = 0;
    for (let i = 0; i < steps; i++) {
      const t = (i + 0.5) / steps;
      energy += (4 + (1.25 * t - 1) ** 2 / ((1 - t) ** 2 + t ** 2 / 4)) / 2 / steps;
    }
    expect(energy).toBeCloseTo(g.answers!.kineticEnergyIndependent, 7);
    expect((2 ** 2 + 0.5 ** 2) / 2).toBe(g.answers!.kineticEnergyOptimal);
  });

  test("the bifurcation is one cloud until t = 1 and two of equal size, 4 apart, at t = 4", async () => {
    const b = await dataset("bifurcation", { particles: 2000 });
    const y = (k: number) => Array.from({ length: 2000 }, (_, i) => b.snapshots[k].data[2 * i + 1]);
    expect(Math.max(...y(1).map(Math.abs))).toBeLessThan(0.3 * 5.5);
    const upper = y(4).filter((v) => v > 0);
    expect(Math.abs(upper.length - 1000)).toBeLessThan(5 * Math.sqrt(500));
    expect(Math.abs(upper.reduce((a, c) => a + c) / upper.length - 2)).toBeLessThan((5 * 0.3) / Math.sqrt(900));
  });

  test("an unknown name suggests the nearest", async () => {
    await expect(dataset("gapmider")).rejects.toThrow(expect.objectContaining({ hint: 'did you mean "gapminder"?' }));
  });
});
