/** The exact twist of chains, texts that end, infilling, against enumeration and closed forms. */
import { describe, expect, test } from "vitest";
import { randomStream } from "../../../src/array/index.ts";
import { readChain } from "../../../src/language/chains/read.ts";
import { noPotential, type Potential } from "../../../src/language/potentials/potential.ts";
import { readPotential } from "../../../src/language/potentials/read.ts";
import { runBounds } from "../../../src/language/steering/bounds.ts";
import { enumerate } from "../../../src/language/steering/enumerate.ts";
import { exactDraws } from "../../../src/language/steering/exact-draws.ts";
import { simulateObservations } from "../../../src/language/steering/infill.ts";
import { runParticles } from "../../../src/language/steering/particles.ts";
import type { TextTarget } from "../../../src/language/steering/target.ts";
import { exactTwist } from "../../../src/language/twists/exact.ts";
import { lookaheadTwist, prefixTwist } from "../../../src/language/twists/lookahead.ts";
import { estimate, resamplingSchemes } from "../../../src/sampling/index.ts";
import { file, model } from "../chain-a.ts";

const potentialOf = (text: string): Promise<Potential> => readPotential(text, { tokenizer: model.tokenizer, prompt: "" });

describe("contains and avoids on a chain", () => {
  test.each(["contains:cc", "avoids:ab", "contains:ba * avoids:cc", "contains:aa + contains:bb"])(
    "%s: log Z is that of the list",
    async (text) => {
      const target: TextTarget = { model, prompt: [], length: 6, potential: await potentialOf(text) };
      const twist = exactTwist(target)!;
      expect(twist.logZ).toBeCloseTo((await enumerate(target)).logZ, 11);
      // its proposal is σ: every weight is 1, and log Ẑ is exact for every run
      const run = await runParticles(target, { particles: 5, populations: 20, twist }, randomStream(1));
      for (const log of run.logZ) expect(log).toBeCloseTo(twist.logZ, 11);
    },
  );
  test("after a prompt, of which pieces count too", async () => {
    const prompt = model.tokenizer.encode("ac");
    const potential = await readPotential("contains:cb", { tokenizer: model.tokenizer, prompt: "ac" });
    const target: TextTarget = { model, prompt, length: 4, potential };
    expect(exactTwist(target)?.logZ).toBeCloseTo((await enumerate(target)).logZ, 11);
  });
  test("what cannot be has log Z = -∞, and exact draws say so", async () => {
    const target: TextTarget = { model, prompt: [], length: 3, potential: await potentialOf("contains:aaaa") };
    expect(exactTwist(target)?.logZ).toBe(-Infinity);
    expect(await exactDraws(target, { wanted: 5 }, 1000, randomStream(1))).toEqual({ why: expect.stringMatching(/log Z is -∞/) });
  });
});

describe("texts that end", () => {
  const ending = readChain(
    JSON.stringify({
      tokens: ["a", "b", "."],
      start: [0.5, 0.3, 0.2],
      transition: [
        [0.5, 0.3, 0.2],
        [0.5, 0.3, 0.2],
        [0, 0, 0],
      ],
      eos: 2,
    }),
    "eos.json",
  );
  const potential: Potential = { name: "b", logs: (texts) => texts.map(({ text }) => [...text].filter((c) => c === "b").length) };
  const target: TextTarget = { model: ending, prompt: [], length: 4, potential };
  const Z = 4.2591147823;
  test("Z is the sum over all lengths, cut texts included", async () => {
    const all = await enumerate(target);
    expect(Math.exp(all.logZ)).toBeCloseTo(Z, 9);
    // 1 + 2 + 4 + 8 that end, 16 that are cut, by length
    expect(all.texts.length).toBe(1 + 2 + 4 + 8 + 16);
  });
  test.each(["never", "always"] as const)("E[Ẑ] = Z, resampled %s, with a twist of what the prefix has", async (resampling) => {
    const options = { particles: 4, populations: 4000, resampling, twist: prefixTwist(target) };
    const run = await runParticles(target, options, randomStream(4));
    const { mean, error } = estimate(run.logZ.map((log) => Math.exp(log) / Z));
    expect(Math.abs(mean - 1)).toBeLessThan(4 * error);
    const { draws } = await exactDraws(target, { wanted: 4000 }, 0, randomStream(5));
    const above = await runParticles(
      target,
      { ...options, references: draws!.map((d) => Int32Array.from({ length: 4 }, (_, t) => d[t] ?? 2)) },
      randomStream(6),
    );
    const inverse = estimate(above.logZ.map((log) => Z / Math.exp(log)));
    expect(Math.abs(inverse.mean - 1)).toBeLessThan(4 * inverse.error);
  });
});

test("a lookahead twist keeps E[Ẑ] = Z", async () => {
  const potential: Potential = { name: "c", logs: (texts) => texts.map(({ text }) => 2 * [...text].filter((c) => c === "c").length) };
  const target: TextTarget = { model, prompt: [], length: 4, potential };
  const { logZ } = await enumerate(target);
  const twist = lookaheadTwist(target, 3, randomStream("lookahead"));
  const run = await runParticles(target, { particles: 4, populations: 2000, resampling: "always", twist }, randomStream(2));
  const { mean, error } = estimate(run.logZ.map((log) => Math.exp(log - logZ)));
  expect(Math.abs(mean - 1)).toBeLessThan(4 * error);
});

describe("infilling: section 6 of the specification", () => {
  const target: TextTarget = { model, prompt: [], length: 3, potential: noPotential };
  test("log Z(o) of (1, 2), in expectation of Ẑ", async () => {
    const suffix = Int32Array.of(1, 2);
    const suffixes = Array.from({ length: 5000 }, () => suffix);
    const run = await runParticles(target, { particles: 4, populations: 5000, suffixes, resampling: "always" }, randomStream(3));
    const { mean, error } = estimate(run.logZ.map((log) => Math.exp(log + 2.275748439)));
    expect(Math.abs(mean - 1)).toBeLessThan(4 * error);
  });
  test.each([
    [1, -1.0893861445],
    [2, -2.0685689253],
  ])("E_o log Z(o) for %i tokens lies between the bounds of simulated endings", async (c, truth) => {
    const observed = await simulateObservations(target, { count: 4000, suffix: c }, randomStream(4));
    const options = { particles: 8, runs: 4000, scheme: resamplingSchemes.systematic, resampling: "always" as const };
    const found = await runBounds(target, { ...options, exact: observed.exact, suffixes: observed.suffixes }, randomStream(5));
    const [lower, upper] = [estimate(found.lower), estimate(found.upper!)];
    expect(lower.mean - 4 * lower.error).toBeLessThan(truth);
    expect(upper.mean + 4 * upper.error).toBeGreaterThan(truth);
    expect(upper.mean - lower.mean).toBeLessThan(0.1);
    // what the tokens after T are, is as likely as the chain says
    const P = file.transition;
    const p3 = [0, 1, 2].map((v) =>
      [0, 1, 2].reduce(
        (s, i) => s + [0, 1, 2].reduce((q, j) => q + [0, 1, 2].reduce((r, k) => r + file.start[k] * P[k][j], 0) * P[j][i], 0) * P[i][v],
        0,
      ),
    );
    const share = observed.suffixes.filter((o) => o[0] === 2).length / 4000;
    expect(Math.abs(share - p3[2])).toBeLessThan(4 * Math.sqrt((p3[2] * (1 - p3[2])) / 4000));
  });
});
