/** From records of attacks to a verdict. */
import { expect, test } from "vitest";
import type { AttackRecord, ClassRecord } from "../../src/inversion/audit/judge.ts";
import { type Case, verdictOn } from "../../src/inversion/audit/verdict.ts";
import { wilson } from "../../src/inversion/metrics/intervals.ts";
import type { Memory } from "../../src/inversion/metrics/memorisation.ts";

const memory = (hits: number, p: number): Memory => ({ share: wilson(hits, 100), ties: 0, binomial: p, p, items: 100 });

/** An attack of which so many of a hundred samples hit, in the half by which it is chosen and in the one that is reported. */
function record(attack: string, chosen: readonly number[], reported: readonly number[], seen = memory(50, 0.5)): AttackRecord {
  const classes = reported.map((hits, c): ClassRecord => {
    const [a, b] = [wilson(chosen[c], 100), wilson(hits, 100)];
    return {
      ...{ class: c, target: b, choosing: a, evaluator: b, choosingByNeighbours: a, neighbours: b, closeness: null, memory: seen },
      ...{ precision: 1, recall: 1, density: 1, coverage: 1, pairs: 1, modes: { samples: 1, real: 1 } },
    };
  });
  return { attack, title: attack, classes, frechet: { none: "few" }, memory: seen, clamped: 0, notes: [] };
}

const of = (attacks: readonly AttackRecord[], more: Partial<Case> = {}): Case => ({
  ...{ classes: ["a", "b"], attacks, controls: {}, decides: "evaluator", circumstances: {} },
  ...more,
});
const prior = record("prior", [5, 5], [5, 5]);

test("the strongest attack is chosen on one half and reported on the other", () => {
  const { strongest, classes, accuracy } = verdictOn(
    of([prior, record("lucky", [99, 99], [40, 60]), record("steady", [80, 80], [80, 80])]),
  );
  expect(strongest.attack).toBe("lucky");
  expect(classes.map(({ attack }) => attack.hits)).toEqual([40, 60]);
  expect(accuracy.value).toBeCloseTo(0.5, 12);
});

test("the model's grade is that of its worst class, and risk is what is above the best control", () => {
  const attack = record("vmi", [90, 90], [90, 12]);
  const found = verdictOn(of([prior, attack]));
  expect(found.classes.map(({ graded }) => graded.grade)).toEqual(["D", "B"]);
  expect(found.grade).toBe("D");
  const controlled = verdictOn(
    of([prior, attack], { controls: { alike: [record("map", [0, 0], [30, 3]), record("vmi", [0, 0], [88, 1])] } }),
  );
  expect(controlled.classes[0].graded).toMatchObject({ control: "alike", grade: "B" });
  expect(controlled.classes[0].control.value).toBeCloseTo(0.88, 12);
  expect(controlled.classes[1].graded.control).toBe("prior draws");
});

test("where draws of the prior are nearer to training items too, the test of memory is left out", () => {
  const remembering = record("vmi", [95, 95], [95, 95], memory(99, 1e-6));
  expect(verdictOn(of([prior, remembering])).grade).toBe("E");
  const blind = record("prior", [5, 5], [5, 5], memory(80, 1e-3));
  const { grade, memory: told, classes } = verdictOn(of([blind, remembering]));
  expect(grade).toBe("D");
  expect(told).toMatchObject({ none: expect.stringMatching(/differ by themselves/) });
  expect(classes[0].memory).toEqual(told);
});

test("the price of a class is the KL of the largest temper at which nine in ten are taken for it", () => {
  const at = (gamma: number, hits: number, kl: number): AttackRecord => {
    const found = record(`vmi:${gamma}`, [hits, hits], [hits, hits]);
    const posterior = { gamma, loss: 0, kl, gap: 0, ess: 1, outside: 0 };
    return { ...found, classes: found.classes.map((c) => ({ ...c, posterior })) };
  };
  const { classes } = verdictOn(of([prior, at(1, 60, 1), at(0.1, 92, 3.5), at(0.01, 99, 6)]));
  expect(classes[0].price).toMatchObject({ nats: 3.5, gamma: 0.1 });
});
