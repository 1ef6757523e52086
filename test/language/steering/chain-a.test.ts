/** Bounds and divergences of a chain whose 81 strings can be listed: section 6 of the specification. */
import { describe, expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { drawExactly, enumerate } from "../../../src/language/steering/enumerate.ts";
import { type ParticleOptions, runParticles } from "../../../src/language/steering/particles.ts";
import { estimate, resamplingSchemes } from "../../../src/sampling/index.ts";
import { family, logZ, model, optimal, optimalTwist, potential, strings, target, twos } from "../chain-a.ts";

const all = await enumerate(target);

test("enumeration: log Z, moments, a marginal", () => {
  expect(all.texts.length).toBe(81);
  expect(all.logZ).toBeCloseTo(logZ, 12);
  const sigma = all.logTarget.map((log) => Math.exp(log - all.logZ));
  const mean = (f: (tokens: Int32Array) => number, weights: Float64Array): number =>
    all.texts.reduce((sum, text, i) => sum + weights[i] * f(text), 0);
  expect(mean(twos, sigma)).toBeCloseTo(2.484894797, 9);
  expect(mean(twos, all.logModel.map(Math.exp))).toBeCloseTo(0.9784, 9);
  [0.1570776551, 0.1625234957, 0.6803988492].forEach((p, v) => {
    expect(mean((text) => (text[2] === v ? 1 : 0), sigma)).toBeCloseTo(p, 9);
  });
  expect([0, 1, 2].map((v) => optimal([v]))).toEqual(
    [2.615143967777107, 4.181173790331378, 14.473909934396506].map((x) => expect.closeTo(x, 12)),
  );
});

/** log q and log σ̃ of every string, from runs in which all of them are given. */
async function exactly(options: Pick<ParticleOptions, "twist" | "power">) {
  const run = await runParticles(
    target,
    { ...options, particles: 1, populations: 81, resampling: "never", references: strings },
    randomStream(1),
  );
  const q = run.particles.logProposal.data;
  const lw = run.particles.logTarget.data.map((log, i) => log - q[i]);
  const sigma = run.particles.logTarget.data.map((log) => Math.exp(log - logZ));
  const [F, G] = [q.map(Math.exp), sigma].map((weights) => weights.reduce((sum, w, i) => sum + w * lw[i], 0));
  return { qToSigma: logZ - F, sigmaToQ: G - logZ, lower: F, upper: G, logZ: run.logZ, lw, weights: run.logWeights, q };
}

describe("exact divergences and one-particle bounds", () => {
  test.each([
    ["a = 0, base", family(0), 0, 0.7184453308, 0.7880494662, 0.9784, 2.484894797],
    ["a = 0.5, base", family(0.5), 0, 0.7184453308, 0.7880494662, 0.9784, 2.484894797],
    ["a = 0.5, twisted", family(0.5), 1, 0.3344474173, 0.3292747015, 1.3623979135, 2.0261200323],
    ["a = 1, twisted", family(1), 1, 0.0916504324, 0.0836131278, 1.6051948984, 1.7804584585],
    ["optimal, twisted", optimalTwist, 1, 0, 0, logZ, logZ],
  ])("%s", async (_, twist, power, qToSigma, sigmaToQ, lower, upper) => {
    const found = await exactly({ twist, power });
    expect(found.qToSigma).toBeCloseTo(qToSigma, 9);
    expect(found.sigmaToQ).toBeCloseTo(sigmaToQ, 9);
    expect(found.lower).toBeCloseTo(lower, 9);
    expect(found.upper).toBeCloseTo(upper, 9);
    expect(found.q.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 12);
    // one particle: log Ẑ is its log weight, whatever the twist on the way
    found.lw.forEach((log, i) => {
      expect(found.logZ[i]).toBeCloseTo(log, 12);
    });
  });
});

const R = 4000;
/** E[log Ẑ] from below and above, and E[Ẑ], of K particles: estimates of R populations. */
async function bounds(options: Omit<ParticleOptions, "populations">, runs = R) {
  const lower = await runParticles(target, { ...options, populations: runs }, randomStream(2));
  const references = drawExactly(all, runs, randomStream(3));
  const upper = await runParticles(target, { ...options, populations: runs, references }, randomStream(4));
  return {
    lower: estimate(lower.logZ),
    upper: estimate(upper.logZ),
    mean: estimate(lower.logZ.map((log) => Math.exp(log - logZ))),
    inverse: estimate(upper.logZ.map((log) => Math.exp(logZ - log))),
    records: lower.records,
  };
}
const near = ({ mean, error }: { mean: number; error: number }, truth: number): void => {
  // 4.5 standard errors, about 100 comparisons in this file: fails once in a thousand correct builds
  expect(Math.abs(mean - truth)).toBeLessThan(4.5 * error + 1e-10);
};

describe("two particles, resampled multinomially at every step, or never", () => {
  test.each([
    ["a = 0, base", family(0), 0, 1.2119373654, 2.1991929994, 1.0757824993, 2.3641577203],
    ["a = 0.5, base", family(0.5), 0, 1.2119373654, 2.1991929994, 1.1912726084, 2.2124329665],
    ["a = 0.5, twisted", family(0.5), 1, 1.5053036143, 1.8800984795, 1.4233169816, 1.9642067809],
    ["a = 1, twisted", family(1), 1, 1.6527035722, 1.7383066002, 1.6281461857, 1.760184169],
    ["optimal, base", optimalTwist, 0, 1.2119373654, 2.1991929994, 1.2645142965, 2.1211385499],
    ["optimal, twisted", optimalTwist, 1, logZ, logZ, logZ, logZ],
  ])("%s", async (_, twist, power, iwaeLower, iwaeUpper, smcLower, smcUpper) => {
    const common = { particles: 2, twist, power, scheme: resamplingSchemes.multinomial };
    const never = await bounds({ ...common, resampling: "never" });
    near(never.lower, iwaeLower);
    near(never.upper, iwaeUpper);
    near(never.mean, 1);
    near(never.inverse, 1);
    const always = await bounds({ ...common, resampling: "always" });
    near(always.lower, smcLower);
    near(always.upper, smcUpper);
    near(always.mean, 1);
    near(always.inverse, 1);
  });
});

test("resampling below a share of the particles: bounds, and when it happens", async () => {
  const shares = (records: Awaited<ReturnType<typeof bounds>>["records"], below: number): number[] =>
    records.map((r) => estimate(r.effectiveSize.map((size) => (size < below * 2 ? 1 : 0))).mean);
  const common = { particles: 2, twist: family(0.5), power: 0, scheme: resamplingSchemes.multinomial };
  const early = await bounds({ ...common, resampling: { below: 0.75 } });
  near(early.lower, 1.2111522478);
  near(early.upper, 2.1994858391);
  expect(shares(early.records, 0.75).slice(0, 2)).toEqual([0, 0]);
  const binomial = (p: number): number => 4.5 * Math.sqrt((p * (1 - p)) / R);
  expect(Math.abs(shares(early.records, 0.75)[2] - 0.0534)).toBeLessThan(binomial(0.0534));
  const late = await bounds({ ...common, resampling: { below: 0.9 } });
  near(late.lower, 1.2105467403);
  near(late.upper, 2.1940905755);
  expect(Math.abs(shares(late.records, 0.9)[1] - 0.132)).toBeLessThan(binomial(0.132));
  expect(Math.abs(shares(late.records, 0.9)[2] - 0.109184)).toBeLessThan(binomial(0.109184));
  const steep = await bounds({ ...common, twist: family(1), resampling: { below: 0.9 } });
  near(steep.lower, 1.2480404642);
  near(steep.upper, 2.1400236703);
});

describe("E[Ẑ] = Z and E[1/Ẑ] = 1/Z under the extended target, for every scheme, rule, proposal", () => {
  const rules = ["never", "always", { below: 0.8 }] as const;
  const cases = Object.values(resamplingSchemes).flatMap((scheme) =>
    rules.flatMap((resampling) => [0, 1].flatMap((power) => [3].map((particles) => ({ scheme, resampling, power, particles })))),
  );
  test.each(cases)("$scheme.name, $resampling, b = $power, $particles particles", async (options) => {
    const found = await bounds({ ...options, twist: family(0.5) }, 1000);
    near(found.mean, 1);
    near(found.inverse, 1);
    expect(found.lower.mean - 4 * found.lower.error).toBeLessThan(logZ);
    expect(found.upper.mean + 4 * found.upper.error).toBeGreaterThan(logZ);
  });
});

test("Particle Gibbs leaves σ invariant, for every scheme", async () => {
  const runs = 10_000;
  const at = new Map(all.texts.map((text, i) => [text.join(), i]));
  for (const scheme of Object.values(resamplingSchemes)) {
    const references = drawExactly(all, runs, randomStream("references"));
    const options: ParticleOptions = {
      particles: 3,
      populations: runs,
      references,
      scheme,
      resampling: "always",
      twist: family(0.5),
      power: 0,
    };
    const { particles, logWeights } = await runParticles(target, options, randomStream("gibbs"));
    const u = randomStream("last").uniform([runs], "f64").data;
    const counts = new Float64Array(81);
    for (let g = 0; g < runs; g++) {
      const w = [0, 1, 2].map((k) => Math.exp(logWeights[3 * g + k]));
      const point = u[g] * (w[0] + w[1] + w[2]);
      const k = point < w[0] ? 0 : point < w[0] + w[1] ? 1 : 2;
      counts[at.get(particles.tokens.data.subarray(4 * (3 * g + k), 4 * (3 * g + k) + 4).join())!]++;
    }
    const chi = counts.reduce(
      (sum, n, i) => sum + (n - runs * Math.exp(all.logTarget[i] - logZ)) ** 2 / (runs * Math.exp(all.logTarget[i] - logZ)),
      0,
    );
    // 80 degrees of freedom: mean 80, deviation 12.6; 136 has p = 1e-4
    expect(chi).toBeLessThan(136);
  }
});

test("intermediate potentials: the same Z, and the same bounds with twists divided by what has passed", async () => {
  const twosLast = (tokens: Int32Array): number => (tokens.at(-1) === 2 ? 1 : 0);
  const steps = {
    ...potential,
    logs: (texts: readonly { tokens: Int32Array }[]) => texts.map(({ tokens }) => twosLast(tokens)),
    intermediate: (texts: readonly { tokens: Int32Array }[]) => texts.map(({ tokens }) => twosLast(tokens)),
  };
  const stepwise = { model, prompt: [], length: 4, potential: steps };
  expect((await enumerate(stepwise)).logZ).toBeCloseTo(logZ, 12);
  // ψ'_t = ψ_t / Π_{τ < t} φ_τ leaves of log ψ_t = n(s_{1:t}) what the last token says; the proposal is the same for every prefix
  const last: typeof optimalTwist = {
    name: "last",
    next: ({ rows }) => ({
      dtype: "f64",
      shape: [rows, 3],
      data: Float64Array.from({ length: 3 * rows }, (_, e) => (e % 3 === 2 ? 1 : 0)),
    }),
  };
  const options: ParticleOptions = { particles: 4, populations: 50, twist: family(1), resampling: "always" };
  const whole = await runParticles(target, options, randomStream(9));
  const parts = await runParticles(stepwise, { ...options, twist: last }, randomStream(9));
  expect([...parts.particles.tokens.data]).toEqual([...whole.particles.tokens.data]);
  whole.logZ.forEach((log, g) => {
    expect(parts.logZ[g]).toBeCloseTo(log, 10);
  });
});

test("a twist scaled by a constant of each step changes nothing; a potential scaled by c shifts log Z by log c", async () => {
  const scaled: typeof optimalTwist = {
    name: "scaled",
    async next(prefixes, t) {
      const matrix = await family(0.7).next!(prefixes, t);
      return { ...matrix, data: Float64Array.from(matrix.data as Float64Array, (x) => x + 10 * t) };
    },
  };
  const options: ParticleOptions = { particles: 8, populations: 20, resampling: { below: 0.7 } };
  const [plain, shifted] = [
    await runParticles(target, { ...options, twist: family(0.7) }, randomStream(5)),
    await runParticles(target, { ...options, twist: scaled }, randomStream(5)),
  ];
  expect([...shifted.particles.tokens.data]).toEqual([...plain.particles.tokens.data]);
  plain.logZ.forEach((log, g) => {
    expect(shifted.logZ[g]).toBeCloseTo(log, 9);
  });
  const raised = {
    ...target,
    potential: { ...potential, logs: (texts: readonly { tokens: Int32Array }[]) => texts.map(({ tokens }) => twos(tokens) + 2) },
  };
  const more = await runParticles(raised, { ...options, twist: family(0.7) }, randomStream(5));
  plain.logZ.forEach((log, g) => {
    expect(more.logZ[g]).toBeCloseTo(log + 2, 9);
  });
});
