/** Which number is trusted, and what is said of the others. */
import { expect, test } from "vitest";
import type { Measured } from "../../../src/information/samples/measured.ts";
import { entropyCaps } from "../../../src/information/samples/parametric.ts";
import type { SamplePairs } from "../../../src/information/samples/prepare.ts";
import { contradicted, judge } from "../../../src/information/samples/verdict.ts";
import { labels, numbers } from "./pairs.ts";

const one = numbers([1, 2, 3]);
const pairs: SamplePairs = { x: one, z: one, constant: [], unique: [], shared: [], notes: [] };
const wide: SamplePairs = { ...pairs, x: numbers(...Array.from({ length: 16 }, () => [1, 2, 3])) };
const made = (name: string, more: Partial<Measured>): Measured => ({
  ...{ name, kind: "estimate", method: "ksg", mean: 0.5, se: 0.05, valid: true, why: "reasons", pairs: 400 },
  ...{ baseline: { mean: 0, se: 0.01 }, ...more },
});
const bound = (name: string, mean: number, validated: number, more: Partial<Measured> = {}): Measured =>
  made(name, { kind: "lower", method: "infonce", mean, validated, ...more });

test("the lower end is the bound that was highest on validation rows, not the one that is highest now", () => {
  const { lower } = judge(pairs, [bound("InfoNCE", 0.3, 0.4), bound("NWJ", 0.35, 0.2)], [], []);
  expect(lower).toMatchObject({
    value: 0.3,
    se: 0.05,
    why: expect.stringMatching(/^InfoNCE, the highest of 2 lower bounds on the validation rows/),
  });
  // one that failed is no bound, and no other takes its place after the fact
  expect(judge(pairs, [bound("InfoNCE", 0.3, 0.1), bound("NWJ", 9, 0.2, { valid: false })], [], []).lower.value).toBe(0);
  expect(judge(pairs, [made("KSG-1", {})], [], []).lower).toMatchObject({ value: 0, why: expect.stringMatching(/never negative/) });
});

test("the upper end is an entropy, or open", () => {
  expect(judge(pairs, [], [], []).upper.value).toBe(null);
  const label = labels(Array.from({ length: 60 }, (_, i) => i % 4));
  const caps = entropyCaps(label, numbers(label.columns[0].map((v, i) => v + i / 100)));
  expect(caps).toHaveLength(1);
  expect(judge(pairs, [], [], caps).upper.value).toBeCloseTo(Math.log(4), 12);
  const many = entropyCaps(labels(Array.from({ length: 60 }, (_, i) => i)), one);
  expect(judge(pairs, [], [], many).upper).toMatchObject({ value: null, why: expect.stringMatching(/60 labels, too many/) });
});

test("estimates are trusted in order, as far as they stand", () => {
  const trusted = (...all: Measured[]) => judge(pairs, all, [], []).trusted;
  const [plugin, ksg, cca] = [made("plug-in", { method: "histogram" }), made("KSG-1", {}), made("CCA (Gaussian)", { method: "cca" })];
  expect(trusted(cca, ksg, plugin)).toBe("plug-in");
  expect(trusted(cca, ksg)).toBe("KSG-1");
  expect(trusted(cca, { ...ksg, valid: false })).toBe("CCA (Gaussian)");
  expect(trusted(bound("InfoNCE", 1, 1))).toBeUndefined();
  expect(judge({ ...pairs, unique: ["x"] }, [ksg], [], []).sentence).toMatch(/^Trust none/);
});

test("without a value the sentence gives the bound, what is wrong with the rest, and where bounds saturate", () => {
  const doubtful = made("KSG-1", { valid: false, why: "too many columns" });
  const { sentence, warnings } = judge(wide, [doubtful, bound("InfoNCE", Math.log(400) - 0.05, 5, { cap: Math.log(400) })], [], []);
  expect(sentence).toMatch(/^Trust the lower bound only: I is at least 5\.941 ± 0\.050.*KSG-1 is not to be trusted: too many columns/);
  expect(sentence).toMatch(/saturate: about 5\.991 nats is the most that 400 held-out pairs can show, and this one is there\.$/);
  expect(warnings[0]).toMatch(/16 \+ 1 columns/);
});

test("a Gaussian value gives way to neighbours and to bounds that contradict it", () => {
  const cca = made("CCA (Gaussian)", { method: "cca", mean: 0.1, se: 0.01 });
  const standing = (...others: Measured[]) => contradicted([cca, ...others])[0];
  expect(standing(made("KSG-1", { mean: 0.4 }))).toMatchObject({ valid: false, why: expect.stringMatching(/^KSG-1 says otherwise/) });
  expect(standing(bound("InfoNCE", 0.4, 0.4)).valid).toBe(false);
  expect(standing(made("KSG-1", { mean: 0.12 }), bound("InfoNCE", 0.02, 0)).valid).toBe(true);
});

test("numbers above a bound on their own kind, and negative ones, are told", () => {
  const { warnings } = judge(
    pairs,
    [made("KSG-1", { mean: 0.2, se: 0.01 }), bound("NWJ", 0.5, 0.5, { se: 0.01 }), made("KSG-2", { mean: -0.01 })],
    [],
    [],
  );
  expect(warnings.join("\n")).toMatch(/NWJ, a lower bound, is above KSG-1: KSG-1 is too low[\s\S]*KSG-2 is negative/);
});
