/** Settings that follow from problem and network, and batches that must not happen. */
import { describe, expect, test } from "vitest";
import { type NdArray, randomStream, toNumbers } from "../../src/array/index.ts";
import { toCorpus } from "../../src/data/index.ts";
import { cnn, transformerLm } from "../../src/nn/index.ts";
import { adamw, optimizers } from "../../src/optim/index.ts";
import {
  drawSettings,
  fallbackNotice,
  lossTerms,
  optimizerOf,
  settingsFor,
  skippedNotice,
  supervisedLearner,
  textProblem,
} from "../../src/training/index.ts";
import type { Problem } from "../../src/training/problem.ts";

const budget = { steps: 20, schedule: "cosine", warmUp: 0.1 } as const;
const text = textProblem({ ...toCorpus("abcabdabcabe".repeat(40), "letters"), name: "letters", title: "letters", source: "" }, 6);

describe("settings by kind of network", () => {
  test.each(Object.keys(optimizers))("%s takes those of every kind, and drawn ones lie in its ranges", (name) => {
    for (const [problem, model] of [
      [text, "transformer-lm"],
      [{ kind: "classes" }, "vit"],
      [{ kind: "classes" }, "cnn"],
    ] as const) {
      const known = settingsFor(name, problem, model, "bf16");
      for (const settings of [known, ...drawSettings(name, randomStream(0), 30, known)]) optimizerOf(name, settings, budget);
    }
  });

  test("draws begin with what is known and stay within a factor of six of it", () => {
    const known = { lr: 1e-2, damping: 1e-4, lossAverage: "batch+sequence" };
    const [first, ...others] = drawSettings("if-shampoo", randomStream(0), 100, known);
    expect(first).toEqual(known);
    for (const { lr, damping, lossAverage } of others) {
      expect(lossAverage).toBe("batch+sequence");
      expect(Math.abs(Math.log(Number(lr) / 1e-2))).toBeLessThan(Math.log(6.001));
      expect(Math.abs(Math.log(Number(damping) / 1e-4))).toBeLessThan(Math.log(6.001));
    }
  });

  test("the loss of texts is a mean over characters, and B counts them", () => {
    expect(lossTerms(text, 32)).toBe(32 * 6);
    expect(lossTerms({ kind: "classes", input: [1, 28, 28] }, 32)).toBe(32);
    for (const name of ["rf-rmsprop", "if-shampoo", "singd"]) expect(settingsFor(name, text).lossAverage).toBe("batch+sequence");
    expect(settingsFor("if-shampoo", { kind: "classes" }, "cnn")).toEqual({});
  });

  test("text is learned with B = characters: the first step of RF-RMSProp is g / ((1 - β) + β B g² + λ)", async () => {
    const network = transformerLm(text.outputs, 6, { width: 8, depth: 1, heads: 2 });
    const by = { lr: 1, momentum: 0, weightDecay: 0, precondLr: 0.5, damping: 0.1 };
    const moved = async (average: string): Promise<number[]> => {
      const optimizer = optimizerOf("rf-rmsprop", { ...by, lossAverage: average }, { ...budget, schedule: "constant", warmUp: 0 });
      const trainer = supervisedLearner(text, network, randomStream(1), { optimizer, batchSize: 4 });
      const state = trainer.init(randomStream(2));
      const { state: next } = await trainer.step(state, randomStream(3));
      const [before, after] = [state, next].map(({ params }) => toNumbers((params as { head: { w: NdArray } }).head.w));
      return after.map((v, i) => before[i] - v);
    };
    const [examples, tokens] = [await moved("batch"), await moved("batch+sequence")];
    // from the step with B = 4 the gradient: u (0.5 + 0.1 + 2 g²) = g, and |g| is small: the smaller root
    examples.forEach((u, i) => {
      const g = Math.abs(u) < 1e-6 ? 0.6 * u : (1 - Math.sqrt(1 - 8 * 0.6 * u * u)) / (4 * u);
      expect(tokens[i]).toBeCloseTo(g / (0.6 + 12 * g * g), 5);
    });
  });
});

test("tables that follow the fallback are named among what has no curvature", () => {
  const layer = { kind: "embedding", weight: "table", inputs: 5, outputs: 2, inputsFirst: true, uses: 1 } as const;
  const found = { layers: [{ ...layer, kind: "dense", weight: "head.w" } as const, layer], uncovered: [] };
  expect(fallbackNotice(found)[0]).toMatch(/^1 layers have curvature; 1 parameters are in none and follow AdamW: "table" \(is a table\)/);
  expect(fallbackNotice(found, true)).toEqual([]);
});

describe("a batch whose gradient is not finite", () => {
  const pictures: Problem = {
    kind: "classes",
    input: [1, 8, 8],
    outputs: 2,
    score: "accuracy",
    count: () => 64,
    batch: (_, rows) => ({
      x: randomStream("x").normal([rows.length, 1, 8, 8]),
      y: { ...randomStream("y").normal([rows.length]) } as NdArray,
    }),
    loss: (outputs, y) => outputs.sub(y.expandDims(1)).square().mean(),
    marks: (outputs) => outputs.mean(1),
    scoreOf: (mean) => mean,
  };

  const trained = async (bad: (step: number) => boolean, steps: number) => {
    let calls = 0;
    const problem: Problem = {
      ...pictures,
      batch(part, rows) {
        const batch = pictures.batch(part, rows);
        if (bad(calls++)) (batch.x.data as Float32Array)[5] = Number.NaN;
        return batch;
      },
    };
    const trainer = supervisedLearner(problem, cnn([1, 8, 8], 2, { width: 2, depth: 1 }), randomStream(1), {
      optimizer: adamw(0.01),
      batchSize: 8,
    });
    let state = trainer.init(randomStream(2));
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const next = await trainer.step(state, randomStream(3));
      state = next.state;
      losses.push(next.metrics.loss);
    }
    return { state, losses };
  };

  test("leaves parameters, moments and running statistics as they were, and is counted", async () => {
    const [clean, spoiled] = [await trained(() => false, 3), await trained((step) => step === 1 || step === 3, 5)];
    expect(spoiled.state.params).toEqual(clean.state.params);
    expect(spoiled.state.stats).toEqual(clean.state.stats);
    expect(spoiled.state.optimizer.inner).toEqual(clean.state.optimizer.inner);
    expect(toNumbers(spoiled.state.optimizer.skipped)).toEqual([2]);
    expect(skippedNotice(spoiled.state)[0]).toMatch(/^2 of 5 steps had a gradient that is not finite/);
    expect(skippedNotice(clean.state)).toEqual([]);
    expect(spoiled.losses.every(Number.isFinite)).toBe(true);
  });

  test("ten in a row are a divergence: the loss says so", async () => {
    const { losses } = await trained((step) => step >= 2, 12);
    expect(losses.map(Number.isFinite)).toEqual([...new Array(11).fill(true), false]);
  });
});
