import { expect, test } from "vitest";
import { array, randomStream } from "../../../src/array/index.ts";
import type { Classifier } from "../../../src/inversion/classifier.ts";
import { roundedOutputs, temperedOutputs, topOneOutputs } from "../../../src/inversion/defences/outputs.ts";
import { evaluatorCautions } from "../../../src/inversion/metrics/evaluator.ts";
import { clampedShare, flatShare } from "../../../src/inversion/metrics/masking.ts";
import { relu } from "../../../src/tensor/index.ts";
import { rows } from "../../distances/clouds.ts";

const target: Classifier = {
  ...{ name: "line", classes: ["below", "above"], input: [1] },
  logits: (x) => x.matmul(array([[-2, 2]])),
};
const ramp = { latent: 1, generate: relu };

test("a half of a ramp is flat, a rounded or cut answer is flat everywhere, a tempered one as before", async () => {
  const rng = randomStream(1);
  // z < 0 in half of 500 draws: five binomial errors
  expect(Math.abs((await flatShare(target, ramp, rng)) - 0.5)).toBeLessThan(5 * 0.5 * Math.sqrt(1 / 500));
  expect(await flatShare(roundedOutputs(target, 1), ramp, rng)).toBe(1);
  expect(await flatShare(topOneOutputs(target), ramp, rng)).toBe(1);
  expect(await flatShare(temperedOutputs(target, 10), { latent: 1, generate: (z) => z.mul(0.1) }, rng)).toBe(0);
});

test("numbers at the bounds are counted", () => {
  expect(
    clampedShare(
      rows([
        [0, 0.5],
        [1, 0.2],
      ]),
    ),
  ).toBe(0.5);
  expect(
    clampedShare(
      rows([
        [-1, 0.5],
        [1, 2],
      ]),
      [-1, 1],
    ),
  ).toBe(0.75);
});

test("a weak evaluator, or one like the target, is told", () => {
  expect(evaluatorCautions({ target: 0.96, evaluator: 0.945, alike: false })).toEqual([]);
  expect(evaluatorCautions({ target: 0.96, evaluator: 0.93, alike: false })).toEqual([
    expect.stringMatching(/right on 93 %.*target on 96 %/),
  ]);
  expect(evaluatorCautions({ target: 0.96, evaluator: 0.97, alike: true })).toEqual([expect.stringMatching(/may share its blind spots/)]);
});
