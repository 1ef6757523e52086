/** What the attacks of an audit reach. */
import * as Plot from "@observablehq/plot";
import { type Figure, palette, plot } from "../../plots/index.ts";
import type { AttackRecord, ClassRecord } from "../audit/judge.ts";
import { type ClassVerdict, type Decides, reported } from "../audit/verdict.ts";

const mean = (record: AttackRecord, f: (c: ClassRecord) => number | null): number =>
  record.classes.reduce((sum, c) => sum + (f(c) ?? Number.NaN) / record.classes.length, 0);

/** Accuracy of every attack on every class. */
export function heatOfClasses(records: readonly AttackRecord[], classes: readonly string[], by: Decides): Figure {
  const cells = records.flatMap((r) => r.classes.map((c) => ({ attack: r.attack, class: classes[c.class], value: reported(c, by).value })));
  return {
    name: "classes",
    title: "Which attack reaches which class",
    caption: "Share of samples that the judge takes for the class. The line of the prior is what is reached without the classifier.",
    svg: plot({
      height: 110 + 26 * records.length, // legend and axis take 110
      x: { label: "class", domain: [...new Set(cells.map((c) => c.class))], type: "band" },
      y: { label: null, domain: records.map((r) => r.attack) },
      color: { scheme: "YlOrRd", domain: [0, 1], legend: true, label: "accuracy" },
      marks: [
        Plot.cell(cells, { x: "class", y: "attack", fill: "value" }),
        ...(classes.length <= 20
          ? [
              Plot.text(cells, {
                x: "class",
                y: "attack",
                text: (d: (typeof cells)[number]) => d.value.toFixed(2),
                fill: (d: (typeof cells)[number]) => (d.value > 0.6 ? "white" : "black"),
              }),
            ]
          : []),
      ],
    }),
  };
}

/** Attacks between accurate and varied: posteriors by their temper, others as points. */
export function accuracyAndDiversity(records: readonly AttackRecord[], by: Decides): Figure {
  const points = records.map((r) => ({
    attack: r.attack,
    accuracy: mean(r, (c) => reported(c, by).value),
    diversity: mean(r, (c) => c.pairs),
    gamma: r.classes[0].posterior?.gamma,
  }));
  const others = points.filter((p) => p.gamma === undefined);
  const sweep = points.filter((p) => p.gamma !== undefined).toSorted((a, b) => b.gamma! - a.gamma!);
  return {
    name: "accuracy-diversity",
    title: "Accuracy against diversity",
    caption:
      "Across: mean distance of two samples over that of two real items of the class (1: as varied as the data, 0: one input again and again). Up: share that the judge takes for the class. The line joins posteriors by falling γ.",
    svg: plot({
      height: 380,
      grid: true,
      x: { label: "diversity", domain: [0, Math.max(1.1, ...points.map((p) => p.diversity))] },
      y: { label: "accuracy", domain: [0, 1.02] },
      ...(sweep.length > 0 && { color: { legend: true, label: "γ", domain: sweep.map((p) => String(p.gamma)), range: palette } }),
      marks: [
        Plot.line(sweep, { x: "diversity", y: "accuracy", stroke: "currentColor", strokeOpacity: 0.4 }),
        Plot.dot(sweep, { x: "diversity", y: "accuracy", r: 5, fill: (d: (typeof points)[number]) => String(d.gamma) }),
        Plot.dot(others, { x: "diversity", y: "accuracy", r: 4, stroke: "currentColor" }),
        Plot.text(others, { x: "diversity", y: "accuracy", text: "attack", dy: -11 }),
      ],
    }),
  };
}

/** Precision and coverage of every attack. */
export function barsOfAttacks(records: readonly AttackRecord[]): Figure {
  const bars = records.flatMap((r) => [
    { attack: r.attack, what: "precision", value: mean(r, (c) => c.precision) },
    { attack: r.attack, what: "coverage", value: mean(r, (c) => c.coverage) },
  ]);
  return {
    name: "precision-coverage",
    title: "Realism and coverage",
    caption:
      "Precision: share of samples that lie where real items of the class do. Coverage: share of real items with a sample near them. In the features of the evaluator; means over classes.",
    svg: plot({
      height: 60 + 34 * records.length,
      marginLeft: 110,
      marginTop: 40,
      marginBottom: 40,
      x: { label: "share", domain: [0, 1], grid: true },
      y: { label: null, domain: ["precision", "coverage"], axis: null },
      fy: { label: null, domain: records.map((r) => r.attack), axis: "left" },
      color: { legend: true, domain: ["precision", "coverage"], range: palette },
      marks: [Plot.barX(bars, { x: "value", y: "what", fy: "attack", fill: "what" })],
    }),
  };
}

/** Bits by which posteriors leave the prior, class by class; nothing without posteriors. */
export function bitsOfClasses(records: readonly AttackRecord[], classes: readonly string[]): Figure[] {
  const bits = records.flatMap((r) =>
    r.classes.flatMap((c) =>
      c.posterior ? [{ class: classes[c.class], gamma: String(c.posterior.gamma), value: c.posterior.kl / Math.LN2 }] : [],
    ),
  );
  if (bits.length === 0) return [];
  const gammas = [...new Set(bits.map((b) => b.gamma))];
  return [
    {
      name: "bits",
      title: "What the classifier says of each class",
      caption:
        "KL of the posterior over codes from the prior, in bits, at each temper γ: how much an attacker learns of an input from being told its class.",
      svg: plot({
        height: 300,
        grid: true,
        x: { label: "class", type: "point", domain: [...new Set(bits.map((b) => b.class))] },
        y: { label: "bits" },
        color: { legend: true, label: "γ", domain: gammas, range: palette },
        marks: [Plot.ruleY([0]), Plot.dot(bits, { x: "class", y: "value", stroke: "gamma", strokeWidth: 2, r: 4 })],
      }),
    },
  ];
}

/** What a defence buys and what it costs. */
export function defendedAndNot(
  models: readonly { readonly model: string; readonly accuracy: number; readonly risk: readonly ClassVerdict[] }[],
): Figure {
  const points = models.map(({ model, accuracy, risk }) => ({
    ...{ model: model === "none" ? "target" : model, accuracy },
    leakage: risk.reduce((sum, c) => sum + c.graded.risk.value / risk.length, 0),
  }));
  return {
    name: "defences",
    title: "Utility and leakage",
    caption:
      "Across: accuracy on private test items. Up: accuracy of the strongest attack minus that of the best control, mean over classes. Good is right and low.",
    svg: plot({
      height: 360,
      grid: true,
      x: { label: "utility" },
      y: { label: "leakage" },
      marks: [
        Plot.dot(points, {
          x: "accuracy",
          y: "leakage",
          r: 5,
          fill: (d: (typeof points)[number]) => palette[d.model === "target" ? 2 : 0],
        }),
        Plot.text(points, { x: "accuracy", y: "leakage", text: "model", dy: -11 }),
      ],
    }),
  };
}
