import { expect, test } from "vitest";
import type { Classifier } from "../../../src/inversion/classifier.ts";
import { attackAccuracy } from "../../../src/inversion/metrics/accuracy.ts";
import { doubtsOf, type Evidence, gradeOf, gradeRule } from "../../../src/inversion/metrics/grade.ts";
import { wilson } from "../../../src/inversion/metrics/intervals.ts";
import { priceOfClass } from "../../../src/inversion/metrics/leakage.ts";
import type { Memory } from "../../../src/inversion/metrics/memorisation.ts";
import { oneHot } from "../../../src/tensor/index.ts";
import { rows } from "../../distances/clouds.ts";
import fc from "../../property.ts";

/** Takes a number for the class that it is; every number for itself and those above it, in turn. */
const reader = (k: number): Classifier => ({
  ...{ name: "reader", classes: Array.from({ length: k }, (_, c) => `${c}`), input: [1] },
  logits: (x) => oneHot(x.cast("i32").squeeze(-1), k),
});

test("attack accuracy by class, the mean over classes and the worst", async () => {
  const samples = { x: rows([[0], [0], [1], [1], [2], [2]]), y: Int32Array.of(0, 0, 1, 0, 1, 1) };
  const { top1, top5 } = await attackAccuracy(reader(3))(samples);
  expect(top1.classes.map(({ class: c, hits, trials }) => [c, hits, trials])).toEqual([
    [0, 2, 3],
    [1, 1, 3],
  ]);
  expect(top1.mean.value).toBeCloseTo(0.5, 12);
  expect(top1.worst.class).toBe(0);
  expect(top5).toBeUndefined();
  // all other logits are equal: the runtime takes the first of them
  const more = await attackAccuracy(reader(8))(samples);
  expect(more.top5?.classes.every(({ value }) => value === 1)).toBe(true);
});

test("the price of a class: the KL at the largest temper that draws it, in nats and bits", () => {
  const sweep = [
    { gamma: 0.1, accuracy: 0.954, kl: 3.3 },
    { gamma: 1, accuracy: 0.602, kl: 1 },
    { gamma: 0.01, accuracy: 0.995, kl: 6.2 },
    { gamma: 0.3, accuracy: 0.875, kl: 2.2 },
  ];
  expect(priceOfClass(sweep)).toEqual({ gamma: 0.1, accuracy: 0.954, nats: 3.3, bits: 3.3 / Math.LN2 });
  expect(priceOfClass(sweep.slice(1, 2))).toEqual({ none: "no γ reaches 90 % accuracy: the highest is 60.2 %, at γ = 1 for 1 nats" });
  expect(priceOfClass([])).toEqual({ none: "no fit was made" });
});

const memory = (p: number): Memory => ({ share: wilson(50, 100), ties: 0, binomial: p, p, items: 100 });
const evidence = (hits: number, p: number, doubts: string[] = []): Evidence => ({
  attack: wilson(hits, 1000),
  controls: { "prior draws": wilson(20, 1000), "random labels": wilson(10, 1000) },
  memory: memory(p),
  doubts,
});

test("grades by the upper end of attack minus best control", () => {
  const grades = [20, 100, 300, 900].map((hits) => gradeOf(evidence(hits, 0.5)).grade);
  expect(grades).toEqual(["A", "B", "C", "D"]);
  expect(gradeOf(evidence(900, 0.001)).grade).toBe("E");
  expect(gradeOf(evidence(20, 0.01)).grade).toBe("B");
  expect(gradeOf({ ...evidence(20, 1), memory: { none: "few items" } }).grade).toBe("B");
  expect(gradeOf({ ...evidence(900, 1), memory: { none: "few items" } }).grade).toBe("D");
  expect(gradeOf(evidence(20, 1))).toMatchObject({ control: "prior draws", risk: { value: 0 } });
  expect(() => gradeOf({ ...evidence(20, 1), controls: {} })).toThrow(/needs a control/);
  for (const letter of ["A:", "B:", "C:", "D:", "E:", "inconclusive"]) expect(gradeRule).toContain(letter);
});

test("doubts make good grades inconclusive, never safe; an attack that works stands", () => {
  expect([20, 100, 300, 900].map((hits) => gradeOf(evidence(hits, 0.5, ["far"])).grade)).toEqual([
    ..."inconclusive inconclusive inconclusive D".split(" "),
  ]);
  expect(gradeOf(evidence(900, 0, ["far"])).grade).toBe("E");
});

test("where samples are not of the private kind no grade is given: judges know private classes only", () => {
  for (const hits of [20, 900]) expect(gradeOf({ ...evidence(hits, 0), doubts: ["far"], isFar: true }).grade).toBe("inconclusive");
});

test("a better control never makes the grade worse, nor more memory better", () => {
  const order = "ABCDE";
  const hits = fc.integer({ min: 0, max: 1000 });
  fc.assert(
    fc.property(hits, hits, hits, fc.double({ min: 0, max: 1, noNaN: true }), (attack, low, more, p) => {
      const at = (control: number, level: number): number =>
        order.indexOf(gradeOf({ ...evidence(attack, level), controls: { only: wilson(control, 1000) } }).grade);
      const better = Math.min(1000, low + more);
      // the interval of a share far from 1/2 is narrower: the upper end falls all the same
      expect(at(better, p)).toBeLessThanOrEqual(at(low, p));
      expect(at(low, p / 2)).toBeGreaterThanOrEqual(at(low, p));
    }),
  );
});

test("a far domain, clamped samples and masked gradients are told, and nothing else", () => {
  expect(doubtsOf({})).toEqual([]);
  const domain = (between: number) => ({ value: { mean: between, se: 0 }, reference: { mean: 1, se: 0 }, spread: 10, rows: 100 });
  expect(doubtsOf({ domain: domain(6.9), clamped: 0.5, flat: 0.1 })).toEqual([]);
  expect(doubtsOf({ domain: { none: "few rows" } })).toEqual([]);
  const all = doubtsOf({ domain: domain(7.1), clamped: 1, flat: 1 });
  expect(all).toHaveLength(3);
  expect(all[0]).toMatch(/0.61 of the private data's spread/);
});
