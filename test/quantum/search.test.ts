/** Classical baselines: each finds what is known by hand, and counts what it asks. */
import { expect, test } from "vitest";
import { randomStream } from "../../src/array/index.ts";
import { enumerateNetworks } from "../../src/quantum/families/enumerate.ts";
import { family } from "../../src/quantum/families/family.ts";
import { gaussianLattice } from "../../src/quantum/families/points.ts";
import { preset } from "../../src/quantum/families/presets.ts";
import { optimumOf } from "../../src/quantum/landscape/optima.ts";
import { budgetOf, tableBaselines } from "../../src/quantum/search/baselines.ts";
import { counter } from "../../src/quantum/search/counter.ts";
import { descent, randomSearch } from "../../src/quantum/search/local.ts";
import { qaoaBaseline } from "../../src/quantum/training/qaoa.ts";
import { tiny } from "./tiny.ts";

const names = ["exhaustive", "random", "steepest descent", "annealing", "PBIL", "straight-through"];

test("every baseline finds the optima of the tiny networks", () => {
  for (const made of [tiny.withBias, tiny.withoutBias]) {
    const { costs } = enumerateNetworks(made, tiny.data);
    const { set } = optimumOf(costs);
    // eight costs are too few to draw from: a search may ask for more than there are
    const found = [0, 1, 2, 3, 4, 5, 6, 7].map((seed) => [
      ...tableBaselines(costs, randomStream(seed), { family: made, points: tiny.data }),
    ]);
    expect(found[0].map((b) => b.name)).toEqual(names);
    for (const name of names) {
      const best = found
        .flat()
        .filter((b) => b.name === name)
        .reduce((a, b) => (b.loss < a.loss ? b : a));
      expect(set, name).toContain(best.index);
      expect(best.evaluations).toBeLessThanOrEqual(costs.length);
    }
    const steps = qaoaBaseline(costs, randomStream(1));
    let step = steps.next();
    while (!step.done) step = steps.next();
    expect(set).toContain(step.value.index);
  }
});

test("baselines keep to their budget and find the lattice's optimum as often as the specification says", () => {
  const { costs } = enumerateNetworks(family(preset("gaussian")!, 2), gaussianLattice());
  const { minimum } = optimumOf(costs);
  expect(budgetOf(18)).toBe(10_000);
  // random search: 1 - (1 - 24 / 2^18)^10000 = 0.60, here 24 of 40 with a standard deviation of 3.1
  const hits = Array.from({ length: 40 }, (_, seed) => {
    const cost = counter({ bits: 18, cost: (k) => costs[k], budget: 10_000 });
    randomSearch(cost, randomStream(seed));
    expect(cost.left()).toBe(0);
    return cost.best().loss === minimum ? 1 : 0;
  }).reduce<number>((a, b) => a + b, 0);
  expect(Math.abs(hits - 24)).toBeLessThan(13);
  // one start of descent asks about 104 costs and succeeds with 0.196: 10,000 costs fail once in a thousand million
  for (let seed = 0; seed < 5; seed++) {
    const cost = counter({ bits: 18, cost: (k) => costs[k], budget: 10_000 });
    descent(cost, randomStream(seed));
    expect(cost.best().loss).toBeCloseTo(minimum, 12);
  }
});
