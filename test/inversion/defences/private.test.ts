import { expect, test } from "vitest";
import { array, flatten, isArrayLeaf, item, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { rowsOf } from "../../../src/distances/index.ts";
import { defendedLoss, usualDefences } from "../../../src/inversion/defences/defence.ts";
import { classifierLearner, trainClassifier } from "../../../src/inversion/defences/learner.ts";
import { classifierNetwork, type NetworkParams } from "../../../src/inversion/defences/network.ts";
import { clippedSum } from "../../../src/inversion/defences/private-gradient.ts";
import { privacyStatement } from "../../../src/inversion/defences/statement.ts";
import { sgd } from "../../../src/optim/index.ts";
import { grad, jit, scalar, type Tensor } from "../../../src/tensor/index.ts";
import fc from "../../property.ts";
import { blobs } from "./blobs.ts";

const network = classifierNetwork({ input: [4], classes: 3, kind: "mlp", widths: [6] });
const params = network.init(randomStream("params"));
const loss = (p: NetworkParams, x: Tensor, y: Tensor): Tensor =>
  defendedLoss(network, usualDefences.none, p, { x: x.expandDims(0), y: y.expandDims(0), step: scalar(0, "i32") });

const numbersOf = (tree: unknown): number[] => (flatten(tree, isArrayLeaf).leaves as NdArray[]).flatMap(toNumbers);
const norm = (v: readonly number[]): number => Math.hypot(...v);
const data = blobs("private", 12);
const y = ndarray(Int32Array.from(data.y), [12], "i32");

const sum = (clip: number) => jit((p: NetworkParams, x: Tensor, y: Tensor, mask: Tensor) => clippedSum(loss, clip, p, { x, y, mask }));
const one = jit(grad(loss));
const gradients = (): Promise<number[][]> =>
  Promise.all(
    Array.from(data.y, async (c, i) => numbersOf(await one(params, { ...rowsOf(data.x, [i]), shape: [4] }, array([c], "i32", [])))),
  );

test("the clipped sum is a loop over examples, without those that only fill the batch up", async () => {
  const each = await gradients();
  const clip = norm(each[3]); // some are clipped, some are not
  const mask = ndarray(
    Float32Array.from({ length: 12 }, (_, i) => Number(i !== 5)),
    [12],
    "f32",
  );
  const found = numbersOf((await sum(clip)(params, data.x, y, mask)).gradient);
  const expected = each[0].map((_, k) => each.reduce((total, g, i) => (i === 5 ? total : total + g[k] * Math.min(1, clip / norm(g))), 0));
  found.forEach((v, k) => void expect(Math.abs(v - expected[k])).toBeLessThan(1e-5));
  expect(each.some((g) => norm(g) > clip) && each.some((g) => norm(g) < clip)).toBe(true);
});

test("one example more or less moves the sum by at most the bound, whatever it is", async () => {
  const clip = 0.3;
  const program = sum(clip);
  const ones = new Float32Array(12).fill(1);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 11 }),
      fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 0, max: 2 }),
      async (row, values, c) => {
        const x = { ...data.x, data: data.x.data.slice() };
        x.data.set(values, row * 4);
        const classes = ndarray(
          data.y.map((own, i) => (i === row ? c : own)),
          [12],
          "i32",
        );
        const withIt = numbersOf((await program(params, x, classes, ndarray(ones, [12], "f32"))).gradient);
        const without = ones.slice();
        without[row] = 0;
        const others = numbersOf((await program(params, x, classes, ndarray(without, [12], "f32"))).gradient);
        expect(norm(withIt.map((v, k) => v - others[k]))).toBeLessThan(clip * (1 + 1e-4));
      },
    ),
    { numRuns: 40 },
  );
});

test("without noise and with a bound that nothing reaches it is plain descent on the whole data", async () => {
  const all = blobs("descent", 150); // more than one block of single gradients
  const training = { optimizer: sgd(0.1), batchSize: 150 };
  const learn = (defence: Parameters<typeof classifierLearner>[4]["defence"]) =>
    trainClassifier(classifierLearner(network, all, all, randomStream("order"), { ...training, defence }), 5, randomStream(1));
  const [plain, same] = [await learn(usualDefences.none), await learn({ kind: "private", clip: 1e9, sigma: 0 })];
  const [a, b] = [numbersOf(plain.state.params), numbersOf(same.state.params)];
  a.forEach((v, k) => void expect(Math.abs(v - b[k])).toBeLessThan(1e-5));
  expect(item(plain.state.loss)).toBeCloseTo(item(same.state.loss), 5);
});

test("noise of a step has the deviation σ C / B, also in steps without a record", async () => {
  const wide = classifierNetwork({ input: [4], classes: 3, kind: "mlp", widths: [400] });
  // two records, each in a batch with chance 1/2000: the step is noise alone
  const few = blobs("few", 2);
  const defence = { kind: "private", clip: 0.5, sigma: 2 } as const;
  const learner = classifierLearner(wide, few, few, randomStream(1), { optimizer: sgd(1), batchSize: 1, defence });
  const start = learner.init(randomStream(2));
  const next = (await learner.step(start, randomStream(3))).state;
  const moves = numbersOf(next.params).map((v, k) => v - numbersOf(start.params)[k]);
  const deviation = Math.sqrt(moves.reduce((s, v) => s + v * v, 0) / moves.length);
  // σ C / B is 1; clipped gradients of at most 2 records move it by at most 1 in all; 3,200 numbers: 1 / √6400 each, five of them
  expect(Math.abs(deviation - 1)).toBeLessThan(5 / Math.sqrt(2 * moves.length) + 0.01);
});

test("the statement: the accountant's ε, who neighbours are, and whether the choice of options is in it", () => {
  const training = { records: 10_000, batchSize: 100, steps: 1000, clip: 1, sigma: 1, delta: 1e-5 };
  const { epsilon, delta, rate, order, text } = privacyStatement(training);
  expect(epsilon).toBeCloseTo(2.1077531, 7);
  expect([delta, rate, order]).toEqual([1e-5, 0.01, 8]);
  expect(text).toMatch(/^\(2\.108, 1\.000e-5\)-differentially private.*one record added or removed.*not included.*log are not/);
  expect(text).toMatch(/floating point from a seeded generator/);
  expect(privacyStatement({ ...training, trials: 7 }).text).toMatch(/chosen among 7 on the same records/);
  expect(privacyStatement({ ...training, delta: undefined }).delta).toBeCloseTo(1e-5, 15);
});
