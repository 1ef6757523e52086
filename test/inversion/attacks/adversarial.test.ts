import { expect, test } from "vitest";
import { array, item, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { play } from "../../../src/inversion/attacks/adversarial.ts";
import { kedDiscriminatorLoss, kedGeneratorLoss, kedLearner } from "../../../src/inversion/attacks/ked.ts";
import { hingeLoss, plgLearner, pseudoLabels } from "../../../src/inversion/attacks/plg.ts";
import type { Classifier } from "../../../src/inversion/classifier.ts";
import { attackAccuracy } from "../../../src/inversion/metrics/accuracy.ts";
import { adam } from "../../../src/optim/index.ts";
import { grad, jit, type Tensor } from "../../../src/tensor/index.ts";

/** Which of two numbers is the largest, or whether both are below 0: class 0, 1, 2. */
const target: Classifier = {
  ...{ name: "axes", classes: ["first", "second", "neither"], input: [2] },
  logits: (x) =>
    x.mul(3).matmul(
      array([
        [1, 0, -1],
        [0, 1, -1],
      ]),
    ),
};

/** Public rows: a ring, in which every class is there. */
const ring = (n: number): NdArray<"f32"> => {
  const [angle, noise] = [randomStream("angle").uniform([n]).data, randomStream("noise").normal([2 * n]).data];
  const x = Float32Array.from(
    { length: 2 * n },
    (_, k) => 1.5 * (k % 2 ? Math.sin : Math.cos)(2 * Math.PI * angle[k >> 1]) + 0.1 * noise[k],
  );
  return ndarray(x, [n, 2], "f32");
};

const sizes = { latent: 2, size: 2, isImage: false, width: 32 };
const training = { sizes, optimizer: adam(2e-3, { beta1: 0.5 }), batchSize: 64 };
const radii = (x: NdArray): number[] => {
  const v = toNumbers(x);
  return Array.from({ length: v.length / 2 }, (_, i) => Math.hypot(v[2 * i], v[2 * i + 1]));
};

/** Largest difference of a gradient from central differences at f64 inputs. */
async function gradientError(f: (x: Tensor) => Tensor, x: NdArray<"f64">): Promise<number> {
  const [slope, value] = [toNumbers(await jit(grad(f))(x)), jit(f)];
  let worst = 0;
  for (const [k, expected] of slope.entries()) {
    const at = async (h: number): Promise<number> => item(await value({ ...x, data: x.data.map((v, j) => v + (j === k ? h : 0)) }));
    worst = Math.max(worst, Math.abs(((await at(1e-5)) - (await at(-1e-5))) / 2e-5 - expected));
  }
  return worst;
}

test("the discriminator's loss of KED: a softmax of K classes and one more for made rows", async () => {
  const [labelled, soft, real, made] = [
    array(
      [
        [1, 0],
        [0, 2],
      ],
      "f64",
    ),
    array(
      [
        [0.9, 0.1],
        [0.3, 0.7],
      ],
      "f64",
    ),
    array([[0.5, -1]], "f64"),
    array([[2, 0]], "f64"),
  ];
  const found = item(await jit(kedDiscriminatorLoss)(labelled, soft, real, made));
  const share = (logits: readonly number[], k: number): number => Math.exp(logits[k]) / logits.reduce((s, l) => s + Math.exp(l), 0);
  const ce =
    -(
      0.9 * Math.log(share([1, 0], 0)) +
      0.1 * Math.log(share([1, 0], 1)) +
      0.3 * Math.log(share([0, 2], 0)) +
      0.7 * Math.log(share([0, 2], 1))
    ) / 2;
  const isReal = (a: number, b: number): number => (Math.exp(a) + Math.exp(b)) / (1 + Math.exp(a) + Math.exp(b));
  expect(found).toBeCloseTo(ce - (Math.log(isReal(0.5, -1)) + Math.log(1 - isReal(2, 0))) / 2, 10);
  const rng = randomStream(1);
  for (const x of [rng.normal([4, 3], "f64"), rng.normal([4, 3], "f64")]) {
    expect(await gradientError((u) => kedDiscriminatorLoss(u, u.mul(0).add(1 / 3), u.mul(2), u.neg()), x)).toBeLessThan(1e-7);
    expect(await gradientError((u) => kedGeneratorLoss({ features: u, logits: u.mul(2) }, u.mul(0).add(5)), x)).toBeLessThan(1e-7);
  }
});

test("hinges are 0 beyond their side", async () => {
  const loss = async (real: number, made: number): Promise<number> =>
    item(await jit(hingeLoss)(array([real], "f64"), array([made], "f64")));
  expect([await loss(1, -1), await loss(3, -2), await loss(0, 0), await loss(-1, 2)]).toEqual([0, 0, 2, 5]);
});

test("pseudo-labels are the public rows that the target is surest of, so many a class", async () => {
  const rows = ndarray(Float32Array.of(3, 0, 1, 0, 0, 2, 0, 1, -1, -1, -3, -3), [6, 2], "f32");
  const { x, y } = await pseudoLabels(target, rows, 2);
  expect([...y]).toEqual([0, 0, 1, 1, 2, 2]);
  expect([...x.data]).toEqual([3, 0, 1, 0, 0, 2, 0, 1, -3, -3, -1, -1]);
  await expect(pseudoLabels(target, ndarray(new Float32Array(0), [0, 2], "f32"), 2)).rejects.toThrow(/no public rows/);
});

test("KED: the prior draws rows like the public ones, the attack draws the class", async () => {
  const learner = await kedLearner(target, ring(500), randomStream("order"), training);
  const state = await play(learner, 600, randomStream(1));
  const { generate, latent } = learner.prior(state);
  const r = radii(await jit((z: Tensor) => generate(z))(randomStream(2).normal([400, latent])));
  const mean = r.reduce((a, b) => a + b, 0) / r.length;
  expect(mean).toBeGreaterThan(0.9);
  expect(mean).toBeLessThan(2.2);
  const made = await learner.attack(state, { steps: 600 })([0, 1, 2], 100, randomStream(3));
  const y = Int32Array.from({ length: 300 }, (_, i) => Math.floor(i / 100));
  const { classes } = (await attackAccuracy(target)({ x: { ...made, shape: [300, 2] }, y })).top1;
  for (const { value } of classes) expect(value).toBeGreaterThan(0.9);
});

test("PLG: the prior draws the class that it is asked for, the attack more surely", async () => {
  const learner = await plgLearner(target, ring(500), { ...training, perClass: 100 });
  const state = await play(learner, 600, randomStream(1));
  const { generate, latent } = learner.prior(state);
  const y = Int32Array.from({ length: 300 }, (_, i) => i % 3);
  const x = await jit((z: Tensor, c: Tensor) => generate(z, c))(randomStream(2).normal([300, latent]), ndarray(y, [300], "i32"));
  const rows = ndarray(Float32Array.from(toNumbers(x)), [300, 2], "f32");
  expect((await attackAccuracy(target)({ x: rows, y })).top1.mean.value).toBeGreaterThan(0.9);
  const made = await learner.attack(state, { steps: 50 })([1], 60, randomStream(3));
  const guessed = { x: { ...made, shape: [60, 2] }, y: new Int32Array(60).fill(1) };
  expect((await attackAccuracy(target)(guessed)).top1.mean.value).toBe(1);
  // the same seed plays the same game
  expect((await play(learner, 3, randomStream(1))).players).toEqual((await play(learner, 3, randomStream(1))).players);
});
