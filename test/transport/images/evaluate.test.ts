/** Pictures made for judging. */
import { expect, test } from "vitest";
import { ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import type { Tensor } from "../../../src/tensor/index.ts";
import { pictureDifference, solverCautions, weightCautions } from "../../../src/transport/images/check.ts";
import { makePictures, trainedImages, waysOf } from "../../../src/transport/images/evaluate.ts";
import { pictureMaker } from "../../../src/transport/images/sample.ts";
import { imageSolver } from "../../../src/transport/images/solvers.ts";
import { f32 } from "../../tensor/check.ts";
import { anyNet, modelOf, normalBytes, problemOf } from "./gaussian.ts";

const shape = [1, 4, 4] as const;
const pixels = normalBytes(64, shape, 1);

/** A model that does not move what it begins with. */
function still(task: "super-resolve" | "generate" | "between") {
  const problem = problemOf("flow", { shape, task, pixels, others: task === "between" ? normalBytes(64, shape, 2) : undefined });
  const model = modelOf(problem, { dynamics: () => ({ drift: (_: Tensor, x: Tensor) => x.mul(0), noise: 0 }) });
  return trainedImages(model, anyNet(problem), pictureMaker(model, { solver: imageSolver("euler-2"), threads: 1 }));
}

test("each picture that is asked for is made once, in batches of one size, beside its truth and its baseline", async () => {
  const trained = still("super-resolve");
  const { heldOut } = trained.model.problem;
  const rows = Int32Array.from({ length: 60 }, (_, i) => 63 - i);
  const reports: number[] = [];
  const { made, truth, baseline, evaluations, logWeight } = await makePictures(trained, heldOut, rows, randomStream(1), (done) =>
    reports.push(done),
  );
  expect(reports).toEqual([50, 60]);
  expect(evaluations).toBe(2);
  expect([made.shape, logWeight.length]).toEqual([[60, ...shape], 60]);
  rows.forEach((row, i) => {
    for (let p = 0; p < 16; p++) {
      // bytes are the middles of 256 intervals of [0, 1]
      const value = (Number(pixels.data[16 * row + p]) + 0.5) / 256;
      expect(truth.data[16 * i + p]).toBeCloseTo(value, 6);
      const known = Math.floor(p / 4) % 2 === 0 && p % 2 === 0;
      if (!known) continue;
      expect(made.data[16 * i + p]).toBeCloseTo(value, 6);
      expect(baseline.data[16 * i + p]).toBeCloseTo(value, 6);
    }
  });
  for (const v of made.data) expect(v >= 0 && v <= 1).toBe(true);
});

test("pictures of one stream are the same again, and others of another", async () => {
  const trained = still("generate");
  const rows = Int32Array.of(0, 0, 0);
  const make = async (seed: number) =>
    toNumbers((await makePictures(trained, trained.model.problem.heldOut, rows, randomStream(seed))).made);
  const [a, again, b] = [await make(1), await make(1), await make(2)];
  expect(again).toEqual(a);
  expect(b).not.toEqual(a);
  expect(a.slice(0, 16)).not.toEqual(a.slice(16, 32)); // the row counts for nothing where nothing is seen
});

test("ways begin at what they are made from", async () => {
  const trained = still("between");
  const { heldOut } = trained.model.problem;
  const ways = await waysOf(trained, { ...heldOut, paired: true }, Int32Array.of(3, 5), 2, randomStream(1));
  expect(ways).toHaveLength(3);
  const others = normalBytes(64, shape, 2);
  for (const way of ways)
    toNumbers(way).forEach(
      (v, i) => void expect(v).toBeCloseTo((Number(others.data[16 * [3, 5][Math.floor(i / 16)] + (i % 16)]) + 0.5) / 256, 6),
    );
});

test("differences of pictures are root mean squares, and told from five grey levels on", () => {
  const [a, b] = [f32([0, 0.5, 1, 0.25], [1, 1, 2, 2]), f32([0, 0.5, 1, 0.65], [1, 1, 2, 2])];
  expect(pictureDifference(a, b)).toBeCloseTo(0.4 / 2, 6);
  expect(pictureDifference(a, a)).toBe(0);
  expect([solverCautions(undefined, "dopri5"), solverCautions(0.02, "heun-25")]).toEqual([[], []]);
  expect(solverCautions(0.021, "heun-2")[0]).toMatch(/differ by 0.021.*limit 0.02.*heun-2/);
  expect(weightCautions(0.05)).toEqual([]);
  expect(weightCautions(0.049)[0]).toMatch(/4.9 %.*limit 5 %/);
});

test("the mean picture fills what is missing", async () => {
  const problem = problemOf("flow", { shape, task: "inpaint", pixels });
  const model = modelOf(problem, { dynamics: () => ({ drift: (_: Tensor, x: Tensor) => x.mul(0), noise: 0 }) });
  const trained = trainedImages(model, anyNet(problem), pictureMaker(model, { solver: imageSolver("euler-1"), threads: 1 }));
  const { baseline, truth } = await makePictures(trained, problem.heldOut, Int32Array.of(0, 1, 2, 3), randomStream(1));
  const mean = Array.from({ length: 16 }, (_, p) => {
    let sum = 0;
    for (let i = 0; i < 64; i++) sum += pixels.data[16 * i + p];
    return (sum / 64 + 0.5) / 256;
  });
  const missing = ndarray(new Float32Array(64), [4, 16], "f32");
  toNumbers(baseline).forEach((v, i) => {
    const known = Math.abs(v - truth.data[i]) < 1e-6;
    if (known) return;
    missing.data[i] = 1;
    expect(v).toBeCloseTo(mean[i % 16], 6);
  });
  // half of each picture is missing
  for (let i = 0; i < 4; i++) expect(missing.data.slice(16 * i, 16 * i + 16).reduce((s, m) => s + m, 0)).toBe(8);
});
