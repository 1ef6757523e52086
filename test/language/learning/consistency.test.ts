/** Losses of section 2.8 on the chain: values by listing all strings, and what is learned, with one free log ψ for every prefix. */
import { describe, expect, test } from "vitest";
import { array, type NdArray, randomStream, toNumbers } from "../../../src/array/index.ts";
import {
  controlledDecoding,
  logVariance,
  meanDecoding,
  pathConsistency,
  proposalConsistency,
  softQ,
  softQMany,
} from "../../../src/language/learning/consistency.ts";
import { approximatePositives, contrastive, distributional, nested, type Twisted } from "../../../src/language/learning/losses.ts";
import { type Rollout, rollout } from "../../../src/language/learning/rollout.ts";
import { constant, jit, type Tensor, take, valueAndGrad } from "../../../src/tensor/index.ts";
import { file, logZ, optimal, strings, target, twos } from "../chain-a.ts";

const T = 4;
const { rollout: walked } = await rollout(target, { texts: 81, everyToken: true, references: strings }, randomStream(1));
const uniform: Rollout<NdArray> = { ...walked, logProposal: array(new Array(81 * T).fill(-Math.log(3)), "f64", [81, T]) };
const p0 = (v: number, before?: number): number => (before === undefined ? file.start : file.transition[before])[v];

/** Prefixes by number: those of one token first, then those of two, … */
const prefixes = [1, 2, 3, 4].flatMap((n) =>
  Array.from({ length: 3 ** n }, (_, i) => Array.from({ length: n }, (_, k) => Math.floor(i / 3 ** (n - 1 - k)) % 3)),
);
const numberOf = (prefix: readonly number[]): number => (3 ** prefix.length - 3) / 2 + prefix.reduce((number, v) => 3 * number + v, 0);
const places = strings.flatMap((s) => Array.from({ length: T }, (_, t) => [0, 1, 2].map((v) => numberOf([...s.subarray(0, t), v]))).flat());
const chosen = strings.flatMap((s) => Array.from({ length: T }, (_, t) => numberOf([...s.subarray(0, t + 1)])));

/** log ψ of a table, for the rollout of all strings. */
const tabular = (table: Tensor, r: Rollout): Twisted => ({
  rollout: r,
  selected: take(table, constant(array(chosen, "i32", [81, T]))),
  all: take(table, constant(array(places, "i32", [81, T, 3]))),
});
type Loss = (twisted: Twisted) => Tensor;
/** Sum over t, mean over texts; and its gradient. */
async function at(loss: Loss, table: readonly number[], r: Rollout<NdArray> = walked): Promise<[number, number[]]> {
  const program = jit((x: Tensor, block: Rollout) => valueAndGrad((y: Tensor) => loss(tabular(y, block)).mul(T))(x));
  const [value, slope] = await program(array([...table], "f64"), r);
  return [toNumbers(value)[0], toNumbers(slope)];
}

const family = prefixes.map((prefix) => 0.5 * twos(prefix));
const best = prefixes.map((prefix) => Math.log(optimal(prefix)));
/** E[log φ | prefix] = n so far and what is to come, by recursion. */
const meanScore = (prefix: readonly number[]): number =>
  prefix.length === T ? twos(prefix) : [0, 1, 2].reduce((sum, v) => sum + p0(v, prefix.at(-1)) * meanScore([...prefix, v]), 0);

/** Of a string under the family, in plain numbers: log ψ_t, log V_t and the mean of log ψ_t, each before and at token t. */
function plain(s: ArrayLike<number>, a = 0.5) {
  const list = Array.from(s);
  const at = (t: number): readonly number[] => list.slice(0, t);
  const psi = (prefix: readonly number[]): number => a * twos(prefix);
  const over = (f: (v: number) => number, t: number): number =>
    [0, 1, 2].reduce((sum, v) => sum + p0(v, at(t).at(-1)) * f(psi([...at(t), v])), 0);
  return {
    log: [1, 2, 3, 4].map((t) => psi(at(t))),
    worth: [0, 1, 2, 3].map((t) => Math.log(over(Math.exp, t))),
    mean: [0, 1, 2, 3].map((t) => over((x) => x, t)),
    score: twos(s),
  };
}
const average = (f: (s: Int32Array) => number): number => strings.reduce((sum, s) => sum + f(s), 0) / 81;
const sumOver = (f: (t: number) => number): number => [0, 1, 2, 3].reduce((sum, t) => sum + f(t), 0);

describe("values by listing all strings", () => {
  test("soft Q-learning over many steps: squares of the residuals and of their sum", async () => {
    const residual = ({ log, worth, score }: ReturnType<typeof plain>, t: number): number => (t < 3 ? worth[t + 1] : score) - log[t];
    const wanted = average((s) => sumOver((t) => residual(plain(s), t) ** 2) + sumOver((t) => residual(plain(s), t)) ** 2);
    expect((await at(softQMany, family))[0]).toBeCloseTo(wanted, 9);
  });
  test("mean of logarithms as the target", async () => {
    const wanted = average((s) => {
      const { log, mean, score } = plain(s);
      return sumOver((t) => ((t < 3 ? mean[t + 1] : score) - log[t]) ** 2);
    });
    expect((await at(meanDecoding, family))[0]).toBeCloseTo(wanted, 9);
  });
  test("windows of two steps: squares of the sums of two log weights", async () => {
    const weights = ({ log, worth, score }: ReturnType<typeof plain>): number[] =>
      [0, 1, 2, 3].map((t) => worth[t] - (t === 0 ? 0.3 : log[t - 1]) + (t === 3 ? score - log[3] : 0));
    const wanted = average((s) => {
      const w = weights(plain(s));
      return [0, 1, 2].reduce((sum, t) => sum + (w[t] + w[t + 1]) ** 2, 0) / 3;
    });
    const found = await at((x) => pathConsistency(x, constant(array(0.3, "f64", [])), 2), family);
    expect(found[0] / T).toBeCloseTo(wanted, 9);
  });
  test("path consistency of a proposal by the values of another", async () => {
    const wanted = average((s) => {
      const [own, slow] = [plain(s), plain(s, 0.8)];
      return sumOver((t) => ((t < 3 ? slow.worth[t + 1] : slow.score) - slow.worth[t] - own.log[t] + own.worth[t]) ** 2);
    });
    const other = array(
      family.map((x) => 1.6 * x),
      "f64",
    );
    const found = await at((x) => proposalConsistency(x, tabular(constant(other), x.rollout)), family);
    expect(found[0]).toBeCloseTo(wanted, 9);
  });
  test("nested: the derivative along n, by the laws of prefixes", async () => {
    const law = (t: number) =>
      strings.map((s) => {
        const prefix = Array.from(s.subarray(0, t));
        return prefix.reduce((p, v, i) => p * p0(v, prefix[i - 1]), 1) * Math.exp(0.5 * twos(prefix));
      });
    const expectation = (weights: readonly number[], t: number): number =>
      strings.reduce((sum, s, i) => sum + weights[i] * twos(s.subarray(0, t)), 0) / weights.reduce((a, b) => a + b, 0);
    const sigma = strings.map((s, i) => law(4)[i] * Math.exp(0.5 * twos(s)));
    const wanted = sumOver((t) => expectation(law(t + 1), t + 1) - expectation(t < 3 ? law(t + 2) : sigma, t + 1));
    const [, slope] = await at((x) => nested({ ...x, weights: approximatePositives(x.rollout, 1) }, x, 1), family, uniform);
    const along = slope.reduce((sum, g, i) => sum + g * twos(prefixes[i]), 0);
    expect(along).toBeCloseTo(wanted, 9);
  });
});

const truth = constant(array(logZ, "f64", []));
const weighted = (x: Twisted) => ({ ...x, weights: approximatePositives(x.rollout, 1) });
/** ψ* times a factor of the prefix before each token. */
const shifted = prefixes.map((prefix, i) => best[i] + Math.sin(numberOf(prefix.slice(0, -1)) + prefix.length));
const constants = prefixes.map((prefix, i) => best[i] + 0.7 * prefix.length);
const slowly = (x: Twisted): Twisted => tabular(constant(array(best, "f64")), x.rollout);
test.each<[string, Loss, readonly number[], Rollout<NdArray>]>([
  ["contrastive: ψ* up to a constant of each step", (x) => contrastive(weighted(x), x, 1), constants, uniform],
  ["nested: the same", (x) => nested(weighted(x), x, 1), constants, uniform],
  ["soft Q-learning: ψ*", softQ, best, walked],
  ["targets differentiated too: ψ*", (x) => softQ(x, false), best, walked],
  ["many steps: ψ*", softQMany, best, walked],
  ["without logarithms: ψ*", controlledDecoding, best, walked],
  ["mean of logarithms: E log φ, which is not log ψ*", meanDecoding, prefixes.map(meanScore), walked],
  ["windows of two steps: ψ*", (x) => pathConsistency(x, truth, 2), best, walked],
  ["trajectory balance: ψ* up to a factor of prefixes", (x) => pathConsistency(x, truth, T), shifted, walked],
  ["log-variance: the same", (x) => logVariance(x, 1), shifted, walked],
  ["a proposal with the values of ψ*: the same", (x) => proposalConsistency(x, slowly(x)), shifted, walked],
  ["distributional: the same", (x) => distributional(weighted(x), 1), shifted, uniform],
])("nothing pulls at what is learned; %s", async (_, loss, table, r) => {
  const size = (slope: readonly number[]): number => Math.max(...slope.map(Math.abs));
  const largest = Math.max(1, ...table.map((log) => Math.exp(Math.min(log, 8))));
  expect(size((await at(loss, table, r))[1])).toBeLessThan(1e-12 * largest ** 2);
  const aside = table.map((log, i) => log + 0.1 * Math.cos(7 * i));
  expect(size((await at(loss, aside, r))[1])).toBeGreaterThan(1e-4);
});
