import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import h5wasm from "h5wasm/node";
import { expect, test } from "vitest";
import { array, ndarray, randomStream } from "../../src/array/index.ts";
import { evaluationCautions, learningCautions } from "../../src/chemistry/evaluation/cautions.ts";
import { axisOver, densityCube, depositedDensity } from "../../src/chemistry/evaluation/density.ts";
import { evaluationOf } from "../../src/chemistry/evaluation/evaluation.ts";
import { extrapolated } from "../../src/chemistry/evaluation/extrapolate.ts";
import { emptyTally, note } from "../../src/chemistry/evaluation/tally.ts";
import { virialRatio } from "../../src/chemistry/evaluation/virial.ts";
import { readSystem } from "../../src/chemistry/systems/read.ts";
import { writeHdf5 } from "../../src/data/hdf5-write.ts";

const { system: helium } = readSystem("He", {});
const energies = (values: readonly number[]) => {
  const zero = array(
    values.map(() => 0),
    "f32",
  );
  return { energy: array([...values], "f32"), kinetic: zero, external: zero, repulsion: zero };
};

test("a tally gives mean and variance over all walkers, distances, and leaves out what is no number", () => {
  const tally = emptyTally(helium, 3);
  // electrons at 1 and 2 bohr on one line: r = 1.5, r² = 2.5, r12 = 1
  const x = array([[0, 0, 1, 0, 0, 2]], "f32");
  for (const e of [-1, -2, -3]) note(tally, helium, x, energies([e]), 0.5);
  const found = evaluationOf(tally, helium);
  expect(found.energy.mean).toBeCloseTo(-2, 12);
  expect(found.variance).toBeCloseTo(2 / 3, 12);
  for (const [name, value] of Object.entries({ r: 1.5, "r²": 2.5, "1/r": 0.75, r12: 1, "1/r12": 1 }))
    expect(found.means[name].mean).toBeCloseTo(value, 6);
  expect(found.dipole?.map(({ mean }) => mean)).toEqual([0, 0, -3]);
  const lost = emptyTally(helium, 2);
  for (let k = 0; k < 2; k++)
    note(
      lost,
      helium,
      array(
        [
          [0, 0, 1, 0, 0, 2],
          [0, 0, 1, 0, 0, 2],
        ],
        "f32",
      ),
      energies([-1, Number.NaN]),
      0.5,
    );
  expect(evaluationOf(lost, helium)).toMatchObject({ lost: 2, energy: { mean: -1 } });
});

test("deposited densities add up to the number of electrons, and a Gaussian has its height", () => {
  const places = randomStream(1).normal([60_000, 3]).data;
  const axes = [0, 1, 2].map(() => axisOver(-6, 6, 61));
  const grid = depositedDensity(places, 3, 2, axes, (at) => [places[at], places[at + 1], places[at + 2]]);
  const cell = axes[0].step ** 3;
  expect(grid.reduce((a, b) => a + b, 0) * cell).toBeCloseTo(2, 6);
  // at the middle 2 (2π)^(-3/2); linear weights smooth by h²/6 a coordinate; the count there has a relative error of 1/√(places in reach ≈ 30)
  const middle = grid[(30 * 61 + 30) * 61 + 30];
  expect(Math.abs(middle / (2 * (2 * Math.PI) ** -1.5) - 1)).toBeLessThan(5 / Math.sqrt(30));
});

test("a CUBE file says where its grid is, has the atoms, and integrates to the electrons", () => {
  const { system } = readSystem("LiH", {});
  const places = Float32Array.from(randomStream(2).normal([3000, 3]).data, (v) => v);
  const lines = densityCube(system, places).trimEnd().split("\n");
  const numbers = (line: string): number[] => line.trim().split(/\s+/).map(Number);
  expect(numbers(lines[2])[0]).toBe(2);
  const axes = [3, 4, 5].map((k) => numbers(lines[k]));
  expect(numbers(lines[6])).toEqual([3, 3, 0, 0, 0]);
  expect(numbers(lines[7])).toEqual([1, 1, 0, 0, 3.015]);
  const values = lines.slice(8).flatMap(numbers);
  expect(values.length).toBe(axes[0][0] * axes[1][0] * axes[2][0]);
  const cell = axes[0][1] * axes[1][2] * axes[2][3];
  // five digits a value
  expect(values.reduce((a, b) => a + b, 0) * cell).toBeCloseTo(4, 3);
});

test("energies on a line meet variance zero where the line does", () => {
  const history = Array.from({ length: 40 }, (_, k) => ({ step: k, variance: 0.02 + 0.001 * k, energy: -2.9 + 0.5 * (0.02 + 0.001 * k) }));
  const found = extrapolated(history);
  expect(found?.mean).toBeCloseTo(-2.9, 10);
  expect(extrapolated(history.slice(0, 4))).toBeUndefined();
  expect(extrapolated(history.map((row) => ({ ...row, variance: 0.1 })))).toBeUndefined();
});

test("an energy below the known one, a chain that stands, a virial that is off are said", () => {
  const energy = { mean: -3, error: 0.001 };
  const base = { energy, variance: 1, acceptance: 0.5, lost: 0, virial: undefined };
  expect(evaluationCautions(base, helium.reference)[0]).toMatch(/96 standard errors below the known one, which cannot be/);
  expect(evaluationCautions({ ...base, acceptance: 0.05 }, undefined)[0]).toMatch(/5 % of proposals were accepted/);
  const part = (mean: number) => ({ mean, error: 1e-4 });
  const virial = virialRatio(helium, { kinetic: part(2.9), external: part(-6.2), repulsion: part(0.9) });
  expect(virial?.value).toBeCloseTo(5.3 / 2.9, 12);
  expect(evaluationCautions({ ...base, energy: { mean: -2.9, error: 0.01 }, virial }, helium.reference)[0]).toMatch(
    /the virial is 1\.828 instead of 2/,
  );
  const trap = readSystem("dot dimension=2 omega=1", {}).system;
  expect(virialRatio(trap, { kinetic: part(1), external: part(1.5), repulsion: part(1) })?.value).toBeCloseTo(1, 12);
  expect(virialRatio(readSystem("H2", {}).system, { kinetic: part(1), external: part(-2), repulsion: part(0) })).toBeUndefined();
});

test("a training that skipped, went uphill or was throttled says so", () => {
  const row = { energy: -1, variance: 0.1, scale: 1, cosine: 0.9, skipped: 0, lost: 0 };
  expect(learningCautions(Array(20).fill(row))).toEqual([]);
  expect(learningCautions([...Array(20).fill(row), { ...row, skipped: 0.1 }])[0]).toMatch(/2 steps had no update/);
  expect(learningCautions(Array(5).fill({ ...row, cosine: -0.1 }))[0]).toMatch(/for 100 steps the flow went where the energy rises/);
  expect(learningCautions(Array(20).fill({ ...row, scale: 0.01 }))[0]).toMatch(/cut to less than a tenth/);
  expect(learningCautions([...Array(15).fill(row), ...Array(5).fill({ ...row, variance: 1 })]).at(-1)).toMatch(/the variance rose/);
});

test("a training in which the energy rises by more than noise is told; one that falls, or wavers, is not", () => {
  const course = (energy: (share: number) => number, noise: number) =>
    Array.from(randomStream(2).normal([40], "f64").data, (xi, k) => ({
      energy: energy(k / 39) + noise * xi,
      variance: 0.1,
      cosine: 0.5,
      scale: 1,
    }));
  // from the lowest quarter, whose middle is at 0.125, to the last, at 0.875, a line of slope 0.2 rises by 0.15
  expect(learningCautions(course((s) => -0.9 + 0.2 * s, 0))[0]).toMatch(/the energy rose by 15[0-9] mHa while/);
  expect(learningCautions(course((s) => -0.9 - 0.2 * s, 1e-3))).toEqual([]);
  expect(learningCautions(course(() => -0.9, 0.05))).toEqual([]);
  expect(learningCautions(course((s) => -0.9 + 0.004 * s, 0))).toEqual([]);
});

test("arrays and texts come back from an HDF5 file, which is whole or not there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pushforward-hdf5-"));
  const path = join(folder, "results.h5");
  const x = ndarray(Float32Array.from([1, 2, 3, 4, 5, 6]), [2, 3], "f32");
  await writeHdf5(path, { arrays: { "a/b/x": x, y: ndarray(Float64Array.of(0.1), [1], "f64") }, attributes: { units: "bohr" } });
  await h5wasm.ready;
  const file = new h5wasm.File(path, "r");
  const read = (name: string) => file.get(name) as InstanceType<typeof h5wasm.Dataset>;
  expect([read("a/b/x").shape, Array.from(read("a/b/x").value as Float32Array)]).toEqual([
    [2, 3],
    [1, 2, 3, 4, 5, 6],
  ]);
  expect(Array.from(read("y").value as Float64Array)).toEqual([0.1]);
  expect(file.attrs.units.value).toBe("bohr");
  file.close();
  expect(readdirSync(folder)).toEqual(["results.h5"]);
  rmSync(folder, { recursive: true });
});
