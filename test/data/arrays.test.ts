/** NPZ files as peers write them: what is taken as what, and said. */
import { expect, test } from "vitest";
import { array, type NdArray } from "../../src/array/index.ts";
import { arraysToTable } from "../../src/data/arrays.ts";
import { toSnapshots } from "../../src/data/snapshots.ts";
import { table } from "../../src/data/table.ts";

const counted = (...shape: number[]): NdArray =>
  array(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * i) % 97),
    "f64",
    shape,
  );
const clouds = (arrays: Record<string, NdArray>) => {
  const t = arraysToTable("x.npz", arrays);
  return { names: t.columns.map((c) => c.name), ...toSnapshots(t) };
};

test("snapshots x particles x features: positions move, velocities are told, times come by any usual name", () => {
  const found = clouds({ positions: counted(3, 12, 2), velocities: counted(3, 12, 2), ts: array([0, 0.5, 2], "f64") });
  expect([found.times, found.features, found.snapshots.map((s) => s.shape)]).toEqual([
    [0, 0.5, 2],
    ["positions1", "positions2"],
    [
      [12, 2],
      [12, 2],
      [12, 2],
    ],
  ]);
  expect([...found.snapshots[1].data.subarray(0, 2)]).toEqual([24, 25].map((i) => (i * i) % 97));
  expect(found.warnings.join("\n")).toMatch(/"positions" of shape \[3, 12, 2\] is taken as 3 snapshots of 12 particles/);
  expect(found.warnings.join("\n")).toMatch(/"velocities1", "velocities2": read like velocities, left out of the features/);
  expect(found.warnings.join("\n")).toMatch(/times are those of array "ts"/);
  expect(clouds({ X: counted(3, 12, 2) }).warnings.join("\n")).toMatch(/no array of 3 times: they are 0 to 2/);
});

test("a list of snapshots: matrices numbered by their names", () => {
  const found = clouds({ arr_0: counted(11, 2), arr_1: counted(14, 2), arr_10: counted(12, 2) });
  expect([found.times, found.snapshots.map((s) => s.shape[0])]).toEqual([
    [0, 1, 10],
    [11, 14, 12],
  ]);
  expect(found.warnings.join("\n")).toMatch(/their times are the numbers in their names/);
  const timed = clouds({ snapshot_0: counted(11, 2), snapshot_1: counted(11, 2), times: array([3, 7], "f64") });
  expect(timed.times).toEqual([3, 7]);
});

test("named arrays are groups of features; velocities, row numbers and splits among them are left out with a word", () => {
  const n = 24;
  const column = (f: (i: number) => number) =>
    array(
      Array.from({ length: n }, (_, i) => f(i)),
      "f64",
    );
  const found = clouds({
    ...{ pcs: counted(n, 3), delta_embedding: counted(n, 3), v: counted(n, 2) },
    ...{ sample_labels: column((i) => i % 2), split: column((i) => i % 3), index: column((i) => n - i) },
  });
  expect(found.features).toEqual(["pcs1", "pcs2", "pcs3"]);
  const told = found.warnings.join("\n");
  expect(told).toMatch(/array "pcs" of shape \[24, 3\] is taken as columns pcs1 to pcs3/);
  expect(told).toMatch(/"delta_embedding1".*"v2": read like velocities/);
  expect(told).toMatch(/"split", "index": read like numbers of rows or parts of the data/);
  expect(told).toMatch(/column "sample_labels": is taken for the time/);
});

test("150 times of one particle each: a way is offered, and takes them together", () => {
  const n = 150;
  const columns = [
    { name: "t", values: Float64Array.from({ length: n }, (_, i) => i / n) },
    { name: "x", values: Float64Array.from({ length: n }, (_, i) => Math.sin(i)) },
  ];
  expect(toSnapshots(table("x.csv", columns)).warnings.join("\n")).toMatch(/150 times, 150 of them of one or two particles: --bin-times 7/);
  const binned = toSnapshots(table("x.csv", columns), { binTimes: 10 });
  expect(binned.snapshots.map((s) => s.shape[0])).toEqual(new Array(10).fill(15));
  for (const [k, time] of binned.times.entries()) expect(time).toBeCloseTo((15 * k + 7) / n, 12);
  expect(binned.warnings.join("\n")).toMatch(/150 times are joined to 10 snapshots/);
  expect(() => toSnapshots(table("x.csv", columns), { binTimes: 151 })).toThrow(/150 times: they cannot make 151 snapshots/);
  // a time is never torn apart, and no snapshot is empty
  const lumps = [{ name: "t", values: Float64Array.from({ length: n }, (_, i) => (i < 140 ? 0 : i)) }, columns[1]];
  expect(
    toSnapshots(table("x.csv", lumps), { binTimes: 3 })
      .snapshots.map((s) => s.shape[0])
      .reduce((a, b) => a + b),
  ).toBe(n);
  expect(toSnapshots(table("x.csv", lumps), { binTimes: 3 }).times).toHaveLength(3);
});
