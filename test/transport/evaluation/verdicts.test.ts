/** What is said of scores. */
import { expect, test } from "vitest";
import { type Prediction, verdicts } from "../../../src/transport/index.ts";

const line = (name: string, w1: number) => ({
  ...{ name, w1, w2: w1, mmd: 0, biasedMmd: 0 },
  error: { w1: 0, w2: 0, mmd: 0 },
  behind: { difference: 0, error: 0 },
});

const scored = (floor: number, own: number, rivals: Record<string, readonly [w1: number, error: number]>): Prediction => ({
  time: 1,
  unit: { name: "standard deviations of each feature" },
  floor,
  scores: [line("mine", own), ...Object.entries(rivals).map(([name, [w]]) => line(name, w))],
  rivals: Object.entries(rivals).map(([name, [w, error]]) => ({ name, difference: own - w, error })),
});

test("verdicts name what is closer without learning, what cannot be told apart, and scores at the floor", () => {
  const midpoint = "optimal-transport midpoint";
  expect(verdicts([scored(0.2, 0.5, { "copy next": [0.9, 0.01], [midpoint]: [0.6, 0.02] })])).toEqual([]);
  expect(verdicts([scored(0.2, 0.5, { "copy next": [0.4, 0.01], [midpoint]: [0.45, 0.01] })])).toEqual([
    "a copy of the snapshot after, which learns nothing, is closer to the held-out snapshot at 1 than mine: W1 is lower by 0.100 ± " +
      "0.010 (one standard error)",
  ]);
  expect(verdicts([scored(0.2, 0.5, { "copy next": [0.9, 0.01], [midpoint]: [0.49, 0.01] })])).toEqual([
    `the data cannot tell mine from the ${midpoint}: their W1 differ by 0.010 ± 0.010 (one standard error)`,
  ]);
  // with growth the midpoint with growth is what counts
  expect(verdicts([scored(0.2, 0.5, { [midpoint]: [0.7, 0.01], "unbalanced-transport midpoint": [0.495, 0.01] })])[0]).toMatch(
    /from the unbalanced/,
  );
  expect(verdicts([scored(0.5, 0.52, { "copy next": [0.55, 0.2], [midpoint]: [0.51, 0.2] })])[0]).toMatch(/of the sampling floor/);
  // a forecast has other rivals, and takes none of the midpoint's away
  const forecast = scored(0.2, 0.5, { "straight on from the last two": [0.8, 0.01] });
  expect(verdicts([scored(0.2, 0.5, { [midpoint]: [0.4, 0.01] }), forecast])[0]).toMatch(
    /midpoint, which learns nothing, is closer to the held-out snapshot at 1 /,
  );
  // over two snapshots the errors fall: the same difference shows
  const twice = scored(0.2, 0.5, { [midpoint]: [0.475, 0.015] });
  expect(verdicts([twice])[0]).toMatch(/cannot tell/);
  expect(verdicts([twice, twice])[0]).toMatch(/closer to the held-out snapshots at 1, 1 than mine: W1 is lower by 0.025 ± 0.011/);
});
