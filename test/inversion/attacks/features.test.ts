import { expect, test } from "vitest";
import { ndarray, randomStream } from "../../../src/array/index.ts";
import { batchStatistics, logitMatching } from "../../../src/inversion/attacks/features.ts";
import type { Classifier } from "../../../src/inversion/classifier.ts";
import { attackAccuracy } from "../../../src/inversion/metrics/accuracy.ts";
import { identityPrior } from "../../../src/inversion/prior.ts";
import { constant, tanh } from "../../../src/tensor/index.ts";

/** Many features, as networks have them, of which each says a little: penalties that grow with their number would hold back every class. */
const width = 128;
const directions = randomStream("directions").normal([2, width]);
const features: Classifier["features"] = (x) => tanh(x.matmul(constant(directions)).mul(0.5));
const corners = [1, -1, 0, -0.5, -0.5, 1];
const target: Classifier = {
  ...{ name: "corners", classes: ["right", "left", "up"], input: [2], features },
  // what features say of three directions of the plane
  logits: (x) =>
    features(x)
      .matmul(constant(directions).transpose())
      .mul(16 / width)
      .matmul(constant(ndarray(Float32Array.from(corners), [2, 3], "f32"))),
};

test.each([logitMatching(200), batchStatistics(200)])("$name reaches every class, however many features there are", async (attack) => {
  const publicRows = randomStream("public").normal([200, 2]);
  const attacked = { target, prior: identityPrior([2], 2), publicRows, classes: [0, 1, 2], n: 20 };
  let steps = 0;
  const { inputs, notes } = await attack.run(attacked, randomStream(1), () => void steps++);
  const rows = { x: { ...inputs, shape: [60, 2] }, y: Int32Array.from({ length: 60 }, (_, i) => Math.floor(i / 20)) };
  const { top1 } = await attackAccuracy(target)(rows);
  expect(steps).toBe(attack.steps);
  expect(notes).toEqual([]);
  expect(top1.classes.map((c) => c.value)).toEqual([1, 1, 1]);
});
