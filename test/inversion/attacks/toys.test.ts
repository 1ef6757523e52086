/** Attacks where everything is known: two numbers, or a picture made of two. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, ndarray, randomStream, toNumbers } from "../../../src/array/index.ts";
import type { Attacked } from "../../../src/inversion/attacks/attack.ts";
import { attackNames, attacksOf } from "../../../src/inversion/attacks/index.ts";
import type { Classifier } from "../../../src/inversion/classifier.ts";
import { familyOf } from "../../../src/inversion/families/index.ts";
import { identityPrior, type Prior } from "../../../src/inversion/prior.ts";
import { concat, constant, exp, jit, log, sub, type Tensor } from "../../../src/tensor/index.ts";

const options = {
  ...{ gammas: [0.1], effort: 0.2, draws: 64, steps: 300 },
  family: (latent: number, rng: ReturnType<typeof randomStream>) => familyOf("gaussian", latent, rng),
};
const attackOf = (name: string, effort = options.effort) => attacksOf(name, { ...options, effort }).at(-1)!;
const run = (name: string, attacked: Attacked, { effort = options.effort, seed = 1 } = {}) =>
  attackOf(name, effort).run(attacked, randomStream(seed), () => {});

/** Three directions of the plane. */
const axes = array([
  [2, -1, -1],
  [0, 1.7, -1.7],
]);
const plane: Classifier = { name: "plane", classes: ["a", "b", "c"], input: [2], logits: (x) => x.matmul(axes), features: (x) => x.mul(2) };
const publicRows = randomStream("public").normal([300, 2]);
const toy: Attacked = { target: plane, prior: identityPrior([2], 2), publicRows, classes: [0, 2], n: 60 };

/** Share of the samples of each class that the target takes for it. */
async function accuracies({ inputs }: { inputs: NdArray }, { target, classes, n }: Attacked): Promise<number[]> {
  const K = target.classes.length;
  const rows = { ...inputs, shape: [classes.length * n, inputs.shape[2]] };
  const logits = toNumbers(await jit((x: Tensor) => target.logits(x))(rows));
  return classes.map((c, j) => {
    const hits = Array.from({ length: n }, (_, i) => logits.slice((j * n + i) * K, (j * n + i + 1) * K)).filter(
      (row) => row[c] === Math.max(...row),
    );
    return hits.length / n;
  });
}

describe("of two numbers", () => {
  test("draws of the prior know nothing of the target, and are of the class as often as chance", async () => {
    const found = await run("prior", toy);
    const other = await run("prior", { ...toy, target: { ...plane, logits: (x) => x.matmul(axes).neg() } });
    expect(found.inputs).toEqual(other.inputs);
    // 120 draws of a third: 0.13 is three standard errors of a class
    for (const share of await accuracies(found, toy)) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.19);
  });

  // the other two learn a generator first: see adversarial.test.ts
  test.each([
    ["pixels", 1],
    ["generative", 1],
    ["map", 1],
    ["ppa", 1],
    // held back: by the features of public rows, and by their statistics
    ["lomma", 0.8],
    ["deep-inversion", 0.8],
    ["vmi", 0.9],
  ] as const)("%s: the target takes samples for the class, a share of %f at least", async (name, least) => {
    let told = 0;
    const attack = attackOf(name);
    const found = await attack.run(toy, randomStream(1), () => void told++);
    expect(found.inputs.shape).toEqual([2, 60, 2]);
    for (const share of await accuracies(found, toy)) expect(share).toBeGreaterThanOrEqual(least);
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThanOrEqual(attack.steps);
    // the same seed, the same bits
    expect((await run(name, toy)).inputs).toEqual(found.inputs);
  });

  test.each(["ked", "plg"])("%s: samples of every class, the same of the same seed", async (name) => {
    let told = 0;
    const short = { effort: 0.004 };
    const attack = attackOf(name, short.effort);
    const found = await attack.run(toy, randomStream(1), () => void told++);
    expect(found.inputs.shape).toEqual([2, 60, 2]);
    expect(told).toBe(attack.steps);
    expect((await run(name, toy, short)).inputs).toEqual(found.inputs);
    expect((await run(name, toy, { ...short, seed: 2 })).inputs).not.toEqual(found.inputs);
  });

  test("what is not known of a target is told", async () => {
    const { features: _, ...closed } = plane;
    for (const name of ["lomma", "deep-inversion"])
      expect((await run(name, { ...toy, target: closed })).notes).toEqual([expect.stringMatching(/does not show what goes into its last/)]);
    expect((await run("lomma", toy)).notes).toEqual([]);
    const [, short] = attacksOf("vmi", { ...options, steps: 3 });
    expect((await short.run(toy, randomStream(1), () => {})).notes).toEqual([
      expect.stringMatching(/vmi:0\.1: .*still fell after 3 steps/),
    ]);
  });

  test("a discriminator of public data keeps codes where it finds them real", async () => {
    // real is what lies at (0, 4): the class alone says nothing of that direction
    const realism = (x: Tensor): Tensor => x.slice([], 1).sub(4).square().mul(-300);
    const [first] = [toNumbers((await run("generative", { ...toy, classes: [0], realism }, { effort: 1 })).inputs)];
    const [second] = [toNumbers((await run("generative", { ...toy, classes: [0] }, { effort: 1 })).inputs)];
    const mean = (values: readonly number[]): number => values.reduce((s, v, i) => s + (i % 2) * v, 0) / 60;
    expect(mean(first)).toBeGreaterThan(2);
    expect(mean(second)).toBeLessThan(1);
  });
});

describe("a linear map with Gaussian noise: -log p(y|z) = (u·z - r)² / 2τ²", () => {
  const [u, r, tau2] = [[3, -2.5], 0.7, 0.64];
  const square = u[0] ** 2 + u[1] ** 2;
  const target: Classifier = {
    ...{ name: "energy", classes: ["a", "b"], input: [2] },
    logits(z) {
      const s = z.matmul(constant(array(u, "f32", [2, 1]))).sub(r);
      // an energy of 0 would be a probability of 1, whose complement has no logarithm
      const nll = s
        .square()
        .mul(1 / (2 * tau2))
        .add(1e-3);
      return concat([nll.neg(), log(sub(1, exp(nll.neg())))], 1);
    },
  };
  const attacked: Attacked = { ...toy, target, classes: [0] };

  // along the valley of u·z = r, λ alone pulls: of less than 10 five hundred steps do not reach the bottom
  test.each([10, 30])("MAP goes to the mode u r / (λ τ² + |u|²), λ = %f", async (lambda) => {
    const { inputs } = await run(`map:${lambda}`, { ...attacked, n: 20 }, { effort: 1 });
    const mode = u.map((v) => (v * r) / (lambda * tau2 + square));
    toNumbers(inputs).forEach((v, i) => void expect(Math.abs(v - mode[i % 2])).toBeLessThan(1e-3));
  });

  test("a posterior has the moments of Bayes", async () => {
    const n = 4000;
    const [, vmi] = attacksOf("vmi:1", { ...options, steps: 3000 });
    const { inputs, posteriors } = await vmi.run({ ...attacked, n }, randomStream(1), () => {});
    const [mean, cov] = [
      [0.13215859, -0.11013216],
      [
        [0.43360604, 0.47199497],
        [0.47199497, 0.60667086],
      ],
    ];
    const x = toNumbers(inputs);
    const moment = (f: (a: number, b: number) => number): number => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += f(x[2 * i], x[2 * i + 1]) / n;
      return sum;
    };
    // four standard errors, and a hundredth for the fit
    expect(Math.abs(moment((a) => a) - mean[0])).toBeLessThan(4 * Math.sqrt(cov[0][0] / n) + 0.01);
    expect(Math.abs(moment((_, b) => b) - mean[1])).toBeLessThan(4 * Math.sqrt(cov[1][1] / n) + 0.01);
    const entry = (p: number, q: number): number => moment((a, b) => ([a, b][p] - mean[p]) * ([a, b][q] - mean[q]));
    for (const [p, q] of [
      [0, 0],
      [0, 1],
      [1, 1],
    ])
      expect(Math.abs(entry(p, q) - cov[p][q])).toBeLessThan(4 * Math.sqrt((cov[p][p] * cov[q][q] + cov[p][q] ** 2) / n) + 0.01);
    const [{ loss, kl, gap, ess, gamma }] = posteriors!;
    expect(gamma).toBe(1);
    expect(Math.abs(loss - 1e-3 - 1.62140704)).toBeLessThan(2e-3);
    expect(Math.abs(kl - 1.14092449)).toBeLessThan(0.02);
    expect(gap).toBeLessThan(2e-3);
    expect(ess).toBeGreaterThan(0.99);
  });
});

describe("of pictures", () => {
  const shape = [1, 4, 4];
  const stripes = array(
    Array.from({ length: 2 }, (_, k) => Array.from({ length: 16 }, (_, i) => 0.25 * Math.sin(k ? i : Math.floor(i / 4) + 1))),
  );
  const prior: Prior = {
    ...{ name: "stripes", latent: 2, layers: 1, output: shape, range: [0, 1] },
    generate: (z) => z.reshape([z.shape[0], 2]).matmul(constant(stripes)).add(0.5),
  };
  const weights = randomStream("weights").normal([16, 3]);
  const target: Classifier = {
    ...{ name: "pixels", classes: ["a", "b", "c"], input: shape },
    logits: (x) => x.sub(0.5).mul(3).matmul(constant(weights)),
  };
  const attacked: Attacked = { target, prior, publicRows: randomStream("pixels").uniform([200, 16]), classes: [0, 1, 2], n: 40 };

  test.each(["prior", "pixels", "generative", "ppa", "lomma", "deep-inversion", "vmi"])("%s: samples are pixels", async (name) => {
    const found = await run(name, attacked);
    const values = toNumbers(found.inputs);
    expect(found.inputs.shape).toEqual([3, 40, 16]);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    const control = await accuracies(await run("prior", attacked), attacked);
    const shares = await accuracies(found, attacked);
    if (name !== "prior") shares.forEach((share, j) => void expect(share).toBeGreaterThan(control[j]));
  });
});

describe("names of attacks", () => {
  test("numbers after a colon, the draws of the prior always, each once", () => {
    const names = (list: string): string[] => attacksOf(list, { ...options, gammas: [1, 0.3] }).map(({ name }) => name);
    expect(names("vmi")).toEqual(["prior", "vmi:1", "vmi:0.3"]);
    expect(names("vmi:0.03, map:2,map:0")).toEqual(["prior", "vmi:0.03", "map:2", "generative"]);
    expect(names("prior,ppa,ppa")).toEqual(["prior", "ppa"]);
    expect(names("all")).toHaveLength(attackNames.length + 1);
  });
  test.each([
    ["vmy", /no attack "vmy"/],
    ["", /no attack ""/],
    ["vmi:", /number after the colon/],
    ["vmi:-1", /number after the colon/],
    ["map:x", /number after the colon/],
    ["map:Infinity", /number after the colon/],
    ["map:1:2", /number after the colon/],
    ["ppa:3", /number after the colon/],
  ])("refused: %s", (list, message) => {
    expect(() => attacksOf(list, options)).toThrow(message);
  });
});

test("rows of the public data are not needed by attacks that use none", async () => {
  const none = ndarray(new Float32Array(0), [0, 2], "f32");
  for (const name of ["prior", "generative", "ppa"])
    expect((await run(name, { ...toy, publicRows: none })).inputs.shape).toEqual([2, 60, 2]);
});
