/** A real model whose 512³ continuations were enumerated elsewhere: section 6 of the specification. */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { loadLanguageModel } from "../../src/language/load.ts";
import { noPotential } from "../../src/language/potentials/potential.ts";
import { runBounds } from "../../src/language/steering/bounds.ts";
import { simulateObservations } from "../../src/language/steering/infill.ts";
import { runParticles } from "../../src/language/steering/particles.ts";
import type { TextTarget } from "../../src/language/steering/target.ts";
import { estimate, resamplingSchemes } from "../../src/sampling/index.ts";
import { configure } from "../../src/tensor/index.ts";

configure({ threads: 1 });
const path = `${process.env.PUSHFORWARD_DATA ?? "../shared/data"}/lm-stories260K/stories260K.bin`;

describe.runIf(existsSync(path))("stories260K after “Once upon a time, there was a”, two tokens before one", async () => {
  const { model } = existsSync(path) ? await loadLanguageModel(path, {}) : { model: undefined! };
  const prompt = [1, 403, 407, 261, 378, 432, 383, 286, 261];
  const target: TextTarget = { model, prompt, length: 2, potential: noPotential };

  test("the prompt is cut into the tokens of the specification", () => {
    expect([1, ...model.tokenizer.encode("Once upon a time, there was a")]).toEqual(prompt);
  });

  test.each([
    [395, -4.2253802081],
    [426, -6.006758175],
    [376, -7.0516560155],
  ])("token %i to follow: the mean of Ẑ is Z", async (token, logZ) => {
    const populations = 250;
    const suffixes = Array.from({ length: populations }, () => Int32Array.of(token));
    const run = await runParticles(target, { particles: 16, populations, suffixes, resampling: "never" }, randomStream(token));
    const { mean, error } = estimate(run.logZ.map((log) => Math.exp(log - logZ)));
    // 4.5 standard errors, and weights of a heavy tail: their error is itself uncertain by a fifth
    expect(Math.abs(mean - 1)).toBeLessThan(5.4 * error);
    expect(error).toBeLessThan(0.3);
  });

  test("E_o log Z(o) = -2.7153 lies between the bounds of simulated endings", async () => {
    const observed = await simulateObservations(target, { count: 400, suffix: 1 }, randomStream(1));
    const options = { particles: 16, runs: 400, scheme: resamplingSchemes.systematic, resampling: "never" as const };
    const found = await runBounds(target, { ...options, exact: observed.exact, suffixes: observed.suffixes }, randomStream(2));
    const [lower, upper] = [estimate(found.lower), estimate(found.upper!)];
    expect(lower.mean - 4 * lower.error).toBeLessThan(-2.7153364972);
    expect(upper.mean + 4 * upper.error).toBeGreaterThan(-2.7153364972);
    expect(upper.mean).toBeGreaterThan(lower.mean);
  });
});
