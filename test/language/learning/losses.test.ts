/** Losses of twists on a chain whose strings can be listed: section 6 of the specification, values and derivatives at a = 0.5. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, randomStream, toNumbers } from "../../../src/array/index.ts";
import { controlledDecoding, logVariance, pathConsistency, softQ } from "../../../src/language/learning/consistency.ts";
import {
  approximatePositives,
  clippedPolicy,
  contrastive,
  discriminator,
  distributional,
  logWeights,
  noiseContrastive,
  policyGradient,
  regression,
  type Twisted,
} from "../../../src/language/learning/losses.ts";
import { type Rollout, rollout } from "../../../src/language/learning/rollout.ts";
import { enumerate } from "../../../src/language/steering/enumerate.ts";
import { gatherRows } from "../../../src/sampling/index.ts";
import * as t from "../../../src/tensor/index.ts";
import { jit, type Tensor, valueAndGrad } from "../../../src/tensor/index.ts";
import { family, strings, target } from "../chain-a.ts";

const T = 4;
const all = await enumerate(target);
const { rollout: walked } = await rollout(target, { texts: 81, everyToken: true, references: strings }, randomStream(1));
/** All strings as draws of the uniform law: weights make expectations of them exact. */
const uniform: Rollout<NdArray> = { ...walked, logProposal: array(new Array(81 * T).fill(-Math.log(3)), "f64", [81, T]) };

/** log ψ_t = a n(s_{1:t}) as tensors, of any rollout of strings. */
function inFamily(a: Tensor, r: Rollout): Twisted {
  const twoAt = t.equal(r.tokens, 2).cast("f64");
  const n = t.cumsum(twoAt, 1);
  const here = t.equal(t.iota(3), 2).cast("f64").reshape([1, 1, 3]);
  return { rollout: r, selected: n.mul(a), all: n.sub(twoAt).expandDims(2).add(here).mul(a) };
}
type Loss = (twisted: Twisted) => Tensor;
/** Value and derivative, both as sums over t. */
const at = (loss: Loss, r: Rollout<NdArray>) =>
  jit((a: Tensor, block: Rollout) => valueAndGrad((x: Tensor) => loss(inFamily(x, block)).mul(T))(a))(array(0.5, "f64", []), r).then(
    ([v, g]) => [toNumbers(v)[0], toNumbers(g)[0]],
  );

const p0 = all.logModel.map(Math.exp);
const order = strings.map((s) => all.texts.findIndex((text) => text.join() === s.join()));
const ofString = (values: Float64Array): number[] => order.map((i) => values[i]);
/** Expectation over strings of a loss that is a mean over texts. */
async function expected(loss: Loss, law: readonly number[], r: Rollout<NdArray> = walked) {
  const program = jit((a: Tensor, block: Rollout) => valueAndGrad((x: Tensor) => loss(inFamily(x, block)).mul(T))(a));
  let [value, slope] = [0, 0];
  for (let i = 0; i < 81; i++) {
    const [v, g] = await program(array(0.5, "f64", []), gatherRows(r, [i]));
    value += law[i] * toNumbers(v)[0];
    slope += law[i] * toNumbers(g)[0];
  }
  return [value, slope];
}
const sigma = all.logTarget.map((log) => Math.exp(log - all.logZ));
const q = (await rollout(target, { texts: 81, everyToken: true, references: strings, twist: family(0.5) }, randomStream(1))).rollout;
const lawOfQ = Array.from({ length: 81 }, (_, i) =>
  Math.exp(
    toNumbers(q.logProposal)
      .slice(4 * i, 4 * i + 4)
      .reduce((x, y) => x + y, 0),
  ),
);

describe("contrastive twist learning", () => {
  const loss: Loss = (x) => contrastive({ ...x, weights: approximatePositives(x.rollout, 1) }, x, 1);
  test("value up to Σ_t E_σ log σ(s_{1:t}) / p0(s_{1:t}), and the derivative", async () => {
    const [value, slope] = await at(loss, uniform);
    let constant = 0;
    for (let n = 1; n <= T; n++) {
      const marginal = (law: Float64Array): Map<string, number> => {
        const sums = new Map<string, number>();
        all.texts.forEach((text, i) => {
          const key = text.subarray(0, n).join();
          sums.set(key, (sums.get(key) ?? 0) + law[i]);
        });
        return sums;
      };
      const [s, p] = [marginal(sigma), marginal(p0)];
      for (const [key, mass] of s) constant += mass * Math.log(mass / p.get(key)!);
    }
    expect(value + constant).toBeCloseTo(0.7379557478, 9);
    expect(slope).toBeCloseTo(-2.2031246283, 9);
  });
  test("two groups: the mean of their losses", async () => {
    const half = gatherRows(uniform, [...Array(40).keys()]);
    const other = gatherRows(
      uniform,
      [...Array(40).keys()].map((i) => i + 40),
    );
    const both = gatherRows(uniform, [...Array(80).keys()]);
    const grouped: Loss = (x) => contrastive({ ...x, weights: approximatePositives(x.rollout, 2) }, x, 2);
    const [[a, da], [b, db], [c, dc]] = [await at(loss, half), await at(loss, other), await at(grouped, both)];
    expect(c).toBeCloseTo((a + b) / 2, 10);
    expect(dc).toBeCloseTo((da + db) / 2, 10);
  });
});

test("soft Q-learning under three laws", async () => {
  for (const [law, value, slope] of [
    [ofString(p0), 0.616659937, -2.7343858097],
    [lawOfQ, 1.0259846611, -4.6353478975],
    [ofString(sigma), 2.0893728709, -9.5743183778],
  ] as const) {
    const found = await expected(softQ, law);
    expect(found[0]).toBeCloseTo(value, 9);
    expect(found[1]).toBeCloseTo(slope, 8);
  }
});

test("CD-Q, SIXO, FUDGE, CD-FUDGE, path consistency", async () => {
  expect((await expected(controlledDecoding, ofString(p0)))[0]).toBeCloseTo(79.3323276661, 7);
  // SIXO: expectations under σ and under p0 apart
  const positive = await expected((x) => noiseContrastive({ ...x, weights: t.constant(array([1], "f64")) }, x, 1), ofString(sigma));
  const negative = await expected((x) => t.logSigmoid(x.selected.neg()).mean().neg(), ofString(sigma));
  const noise = await expected((x) => t.logSigmoid(x.selected.neg()).mean().neg(), ofString(p0));
  expect(positive[0] - negative[0] + noise[0]).toBeCloseTo(5.1614110794, 9);
  expect(positive[1] - negative[1] + noise[1]).toBeCloseTo(0.1872984411, 9);
  // FUDGE: φ' = e^(n - 4), ψ' = e^(a n - 4)
  const lower: Rollout<NdArray> = {
    ...walked,
    logPotential: array(
      toNumbers(walked.logPotential).map((log) => log - 4),
      "f64",
    ),
  };
  const fudge = await expected((x) => discriminator({ ...x, selected: x.selected.sub(4) }), ofString(p0), lower);
  expect(fudge[0]).toBeCloseTo(1.3882057359, 9);
  expect(fudge[1]).toBeCloseTo(-0.5275840555, 8);
  expect((await expected(regression, ofString(p0)))[0]).toBeCloseTo(373.0141682824, 7);
  const zero = t.constant(array(0, "f64", []));
  expect((await expected((x) => pathConsistency(x, zero, 1), ofString(p0)))[0]).toBeCloseTo(0.8444465241, 9);
});

test("trajectory balance telescopes: (log σ̃ - log q - log Z)² over the whole text, the sum of windows in between", async () => {
  const lw = jit((a: Tensor, block: Rollout) => {
    const x = inFamily(a, block);
    return logWeights(block)
      .add(block.logProposal.sum(1))
      .sub(
        x.selected
          .sub(t.logsumexp(t.logSoftmax(block.logits).add(x.all!), -1))
          .add(block.logModel)
          .sum(1),
      );
  });
  const whole = toNumbers(await lw(array(0.5, "f64", []), walked));
  const z = 0.3;
  const balance = await at((x) => pathConsistency(x, t.constant(array(z, "f64", [])), T), walked);
  expect(balance[0] / T).toBeCloseTo(whole.reduce((sum, w) => sum + (w - z) ** 2, 0) / 81, 10);
  const mean = whole.reduce((a, b) => a + b, 0) / 81;
  const variance = await at((x) => logVariance(x, 1), walked);
  expect(variance[0] / T).toBeCloseTo(whole.reduce((sum, w) => sum + (w - mean) ** 2, 0) / 81, 10);
});

test("distributional policy gradient: KL(σ ‖ q) up to the entropy of σ, and its derivative", async () => {
  const [value, slope] = await at((x) => distributional({ ...x, weights: approximatePositives(x.rollout, 1) }, 1), uniform);
  // -E_σ log q, whose difference to KL is -E_σ log σ
  const entropy = -sigma.reduce((sum, s) => sum + s * Math.log(s), 0);
  expect(value - entropy).toBeCloseTo(0.3292747015, 9);
  expect(slope).toBeCloseTo(-0.7066491518, 9);
});

test("policy gradients: of KL(q ‖ σ), by many draws of q", async () => {
  const many = (await rollout(target, { texts: 60_000, everyToken: true, twist: family(0.5) }, randomStream(3))).rollout;
  const [, slope] = await at((x) => policyGradient(x, 1), many);
  // a draw has A ∇log q of deviation about 1: standard error 0.004
  expect(Math.abs(slope + 0.6579274194)).toBeLessThan(0.02);
  // PPO's first step is the same with advantages in place of A: r = 1, nothing is clipped
  const A = jit((block: Rollout) => {
    const log = logWeights(block);
    return t.broadcastTo(log.sub(log.mean()).expandDims(1), block.tokens.shape);
  });
  const advantage = await A(many);
  const [, clipped] = await at((x) => {
    const zero = t.broadcastTo(t.scalar(0, "f64"), x.rollout.tokens.shape);
    return clippedPolicy(x, t.constant(advantage), zero, zero);
  }, many);
  expect(clipped).toBeCloseTo(slope, 9);
});

test("minimisers over a: CTL, SIXO, DPG", async () => {
  const slopeAt = (loss: Loss, r: Rollout<NdArray>) => {
    const program = jit((a: Tensor, block: Rollout) => valueAndGrad((x: Tensor) => loss(inFamily(x, block)))(a));
    return async (a: number): Promise<number> => toNumbers((await program(array(a, "f64", []), r))[1])[0];
  };
  const root = async (f: (a: number) => Promise<number>): Promise<number> => {
    let [low, high] = [0, 3];
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2;
      if ((await f(middle)) < 0) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  const weighted = (x: Twisted) => ({ ...x, weights: approximatePositives(x.rollout, 1) });
  expect(await root(slopeAt((x) => contrastive(weighted(x), x, 1), uniform))).toBeCloseTo(1.1097289, 5);
  expect(await root(slopeAt((x) => distributional(weighted(x), 1), uniform))).toBeCloseTo(1.3322269, 5);
  // p0's part by weights p0 / uniform
  const sixo: Loss = (x) => {
    const base = t.softmax(x.rollout.logModel.sum(1));
    return weighted(x)
      .weights.expandDims(1)
      .mul(t.logSigmoid(x.selected))
      .add(base.expandDims(1).mul(t.logSigmoid(x.selected.neg())))
      .sum()
      .neg();
  };
  expect(await root(slopeAt(sixo, uniform))).toBeCloseTo(0.4419984, 5);
});
