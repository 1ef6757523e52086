import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../src/array/index.ts";
import { type Examples, toSamples } from "../../src/data/index.ts";
import { table } from "../../src/data/table.ts";
import { ganModel, sampleProblem, vaeModel } from "../../src/generative/index.ts";

const count = 100;
const draw = (scale: number, mean: number) => Float64Array.from(randomStream(scale).normal([count], "f64").data, (v) => mean + scale * v);
const columns = [
  { name: "height", values: draw(8, 170) },
  { name: "weight", values: draw(3, 70) },
];

test("features are standardised by the training part, and the way back is known", () => {
  const problem = sampleProblem(toSamples(table("people", columns), "people", {}), randomStream(0), {});
  const rows = Int32Array.from({ length: problem.count("train") }, (_, i) => i);
  const x = toNumbers(problem.batch("train", rows));
  for (const j of [0, 1]) {
    const values = x.filter((_, i) => i % 2 === j);
    const mean = values.reduce((s, v) => s + v, 0) / rows.length;
    expect(mean).toBeCloseTo(0, 5);
    expect(values.reduce((s, v) => s + v * v, 0) / rows.length).toBeCloseTo(1, 5);
    expect(values[3] * problem.scaling.deviation[j] + problem.scaling.mean[j]).toBeCloseTo(columns[j].values[problem.split.train[3]], 4);
  }
});

test("a target colours and is no feature; constant columns are left out; both are told", () => {
  const more = [
    ...columns,
    { name: "year", values: new Float64Array(count).fill(1999) },
    { name: "kind", values: Array.from({ length: count }, (_, i) => (i % 3 ? "a" : "b")) },
  ];
  const samples = toSamples(table("people", more), "people", { target: "kind" });
  expect(samples.features).toEqual(["height", "weight"]);
  expect(samples.classes).toEqual(["a", "b"]);
  expect(samples.warnings.join("\n")).toMatch(/"year" never varies: left out[\s\S]*"kind" only colours/);
  const numbers = toSamples(table("people", columns), "people", { target: "weight" });
  expect(numbers.features).toEqual(["height"]);
  expect(numbers.outputs).toEqual(["weight"]);
  expect(() => toSamples(table("people", more), "people", {})).toThrow(/column "kind" is text/);
  expect(() => toSamples(table("people", columns), "people", { features: "height", target: "height" })).toThrow(/cannot be a feature too/);
  expect(() => toSamples(table("none", [more[2]]), "none", {})).toThrow(/no column of numbers varies/);
});

test("missing values are refused with their place, or left out, or filled in", () => {
  const holes = [{ name: "height", values: columns[0].values.map((v, i) => (i === 6 ? Number.NaN : v)) }, columns[1]];
  expect(() => toSamples(table("people", holes), "people", {})).toThrow(/column "height", row 7/);
  expect(toSamples(table("people", holes), "people", { dropMissing: true }).inputs.shape[0]).toBe(count - 1);
  const filled = toSamples(table("people", holes), "people", { impute: "median" });
  expect(filled.inputs.shape[0]).toBe(count);
  expect(Array.from(filled.inputs.data).every(Number.isFinite)).toBe(true);
});

/** Grey images of floats, as a program may give them. */
const images = (values: Float32Array<ArrayBuffer>): Examples => ({
  ...{ name: "images", title: "images", source: "images", features: ["grey"], warnings: [] },
  inputs: ndarray(values, [40, 1, 4, 4], "f32"),
  targets: ndarray(new Float64Array(0), [40, 0], "f64"),
});

test("pixels that are no numbers or not in [0, 1] are refused with their place", () => {
  const values = new Float32Array(640).fill(0.5);
  expect(sampleProblem(images(values), randomStream(0), {}).size).toBe(16);
  values[16 * 3 + 2] = Number.NaN;
  expect(() => sampleProblem(images(values), randomStream(0), {})).toThrow(/image 4: "grey" is NaN/);
  values[16 * 3 + 2] = 1.5;
  expect(() => sampleProblem(images(values), randomStream(0), {})).toThrow(/image 4: "grey" is 1.5, not in \[0, 1\]/);
  expect(() => sampleProblem(toSamples(table("people", columns), "people", {}), randomStream(0), {}, { asUnits: true })).toThrow(
    /row 1: "height" is .*, not in \[0, 1\]/,
  );
});

test("convolutions want images that can be halved, and bits no variance", () => {
  const people = sampleProblem(toSamples(table("people", columns), "people", {}), randomStream(0), {});
  expect(() => ganModel(people, { latent: 2, network: "conv" })).toThrow(/features of a table/);
  const small = sampleProblem(images(new Float32Array(640)), randomStream(0), {});
  const options = { latent: 2, likelihood: "gaussian", network: "conv", activation: "silu" } as const;
  expect(() => vaeModel(small, { ...options, depth: 2 })).toThrow(/cannot be halved 2 times/);
  expect(vaeModel(small, options).options.latent).toBe(2);
  expect(() => vaeModel(small, { ...options, likelihood: "bernoulli", variance: 0.1 })).toThrow(/bits have no variance/);
});
