/** What an audit found, in numbers and words. */

import type { Groundwork } from "../../inversion/audit/groundwork.ts";
import type { AttackRecord } from "../../inversion/audit/judge.ts";
import { controlNames, type ModelName } from "../../inversion/audit/session.ts";
import { type Decides, reported, type Verdict, verdictOn } from "../../inversion/audit/verdict.ts";
import { gradeRule } from "../../inversion/metrics/grade.ts";
import { type Bounded, meanOf } from "../../inversion/metrics/intervals.ts";
import type { Findings } from "../../lab/life.ts";
import type { ReportTable } from "../../lab/report.ts";
import type { Problem } from "./problem.ts";

/** Records of one model. */
export interface Judged {
  readonly model: ModelName;
  readonly records: readonly AttackRecord[];
  readonly accuracy: number;
  readonly verdict: Verdict;
}

/** An attack on a model. */
interface OfModel {
  readonly model: ModelName;
  readonly record: AttackRecord;
}

/** All that figures and files need. */
export interface AuditFound extends Findings {
  /** Attacks on models that know nothing of a class. */
  readonly controls: readonly OfModel[];
  readonly judged: readonly Judged[];
  readonly groundwork: Groundwork;
  readonly decides: Decides;
  /** Classes of the report, by name. */
  readonly classes: readonly string[];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const within = ({ value, low, high }: Bounded): string => `${percent(value)} (${percent(low)} to ${percent(high)})`;
const short = (value: number | null): string | number => (value === null ? "" : Number(value.toFixed(3)));

export function auditFindings(problem: Problem, groundwork: Groundwork, found: readonly OfModel[]): AuditFound {
  const { material, models } = problem;
  const { classes } = material;
  const decides: Decides = groundwork.cautions.length > 0 ? "neighbours" : "evaluator";
  const of = (model: ModelName): AttackRecord[] => found.filter((f) => f.model === model).map(({ record }) => record);
  const prior = of("none").filter(({ attack }) => attack === "prior");
  const controls = Object.fromEntries(controlNames.map((name) => [name === "look-alikes" ? "look-alikes" : "random labels", of(name)]));
  const judged = models.map((model): Judged => {
    const { accuracy, flat } = groundwork.models.find(({ name }) => name === model)!; // trained before it was attacked
    const attacks = model === "none" ? of(model) : [...prior, ...of(model)];
    const circumstances = { domain: groundwork.domain, flat };
    return { model, accuracy, records: attacks, verdict: verdictOn({ classes, attacks, controls, decides, circumstances }) };
  });
  const [target] = judged;
  const { verdict } = target;
  const worst = verdict.classes.reduce((a, b) => (b.graded.risk.value > a.graded.risk.value ? b : a));
  const control = meanOf(verdict.classes.map((c) => c.control));
  const notes = [...new Set(found.flatMap(({ record }) => record.notes))];
  return {
    ...{ judged, groundwork, decides, classes },
    controls: found.filter(({ model }) => controlNames.some((name) => name === model)),
    title: `Audit of ${problem.owned?.name ?? material.title}`,
    summary:
      `Grade ${verdict.grade}. The strongest attack (${verdict.strongest.attack}) makes inputs of which ${percent(verdict.accuracy.value)} are taken for their class; ` +
      `where the class itself is not known ${percent(control.value)}. The class that gives away most is ${worst.class}.`,
    numbers: [
      { name: "grade", value: verdict.grade, note: "of the worst class; the rule stands below" },
      {
        name: "attack",
        value: percent(verdict.accuracy.value),
        note: `${percent(verdict.accuracy.low)} to ${percent(verdict.accuracy.high)}, ${verdict.strongest.title}`,
      },
      {
        name: "best control",
        value: percent(control.value),
        note: "prior draws, or the same attacks on a model that does not know the class: the highest, class by class",
      },
      { name: "utility", value: percent(target.accuracy), note: "accuracy of the classifier on private items of the test part" },
      {
        name: "evaluator",
        value: percent(groundwork.evaluator),
        note: `on the same items; ${decides === "evaluator" ? "it decides" : "the nearest private items decide"}`,
      },
      ...memoryNumbers(verdict),
    ],
    tables: tablesOf(problem, judged, groundwork, decides),
    warnings: [...verdict.doubts, ...groundwork.cautions, ...notes],
    results: resultsOf(judged, groundwork, decides),
    text: (took) => [
      `grade ${verdict.grade}: ${gradeSentence(verdict)}`,
      ...verdict.classes.map(
        (c) =>
          `  class ${c.class}: ${c.graded.grade}, attack ${within(c.attack)}, control ${percent(c.control.value)} (${c.graded.control})`,
      ),
      ...judged
        .slice(1)
        .map((j) => `${j.model}: grade ${j.verdict.grade}, attack ${within(j.verdict.accuracy)}, utility ${percent(j.accuracy)}`),
      `classifier ${percent(target.accuracy)} right, evaluator ${percent(groundwork.evaluator)}; in ${took}`,
    ],
  };
}

const gradeSentence = ({ strongest, accuracy }: Verdict): string => `${strongest.attack} reaches ${within(accuracy)}`;

const memoryNumbers = ({ memory }: Verdict) =>
  "none" in memory
    ? []
    : [
        {
          name: "nearer to training items",
          value: percent(memory.share.value),
          note: `p = ${memory.p.toPrecision(2)}; half would be no memory of single items`,
        },
      ];

function tablesOf(problem: Problem, judged: readonly Judged[], groundwork: Groundwork, decides: Decides): ReportTable[] {
  const [target] = judged;
  return [
    {
      title: "Classes",
      columns: ["class", "grade", "attack", "best control", "difference", "nats to draw it", "nearer to training items", "why"],
      rows: target.verdict.classes.map((c) => [
        c.class,
        c.graded.grade,
        within(c.attack),
        `${percent(c.control.value)} (${c.graded.control})`,
        within(c.graded.risk),
        "none" in c.price ? `not reached` : `${c.price.nats.toFixed(1)} (${c.price.bits.toFixed(1)} bits)`,
        "none" in c.memory ? c.memory.none : `${percent(c.memory.share.value)}, p = ${c.memory.p.toPrecision(2)}`,
        c.graded.why,
      ]),
      caption: gradeRule,
    },
    attacksTable(target, decides),
    ...(judged.length > 1 ? [defencesTable(judged, groundwork)] : []),
    {
      title: "Threat model",
      columns: ["what", "here"],
      rows: [
        ["the attacker has", "the classifier with its weights, and public inputs of the same kind"],
        ["the attacker lacks", "every private item, and the classes of the public ones"],
        [
          "what counts as a loss",
          "inputs that an independent judge takes for a private class, more often than where that class is not known",
        ],
        ["prior", problem.material.prior.name],
        [
          "who judges",
          decides === "evaluator"
            ? "a network of another kind, trained on all private items but the test part"
            : "the nearest private items",
        ],
        [
          "what is not covered",
          "attacks that are not listed; several models together; membership of single items, but for the memorisation test",
        ],
        [
          "smallest difference seen",
          `about ${percent(1.96 * Math.sqrt(0.5 / Math.max(1, problem.samples >> 1)))} with ${problem.samples >> 1} samples of a class on each side`,
        ],
      ],
    },
    {
      title: "Models",
      columns: ["model", "accuracy", "no gradient at", "notes"],
      rows: groundwork.models.map((m) => [m.name === "none" ? "target" : m.name, percent(m.accuracy), percent(m.flat), m.notes.join(" ")]),
      caption: "Accuracy on private items of the test part; share of prior draws at which the loss of an attack has no gradient at all.",
    },
  ];
}

/** Means over classes. */
const over = (record: AttackRecord, f: (c: AttackRecord["classes"][number]) => number | null): number =>
  record.classes.reduce((sum, c) => sum + (f(c) ?? Number.NaN) / record.classes.length, 0);

function attacksTable({ records }: Judged, decides: Decides): ReportTable {
  return {
    title: "Attacks",
    columns: [
      "attack",
      "target",
      "evaluator",
      "nearest items",
      "precision",
      "coverage",
      "pairs",
      "Fréchet",
      "KL (nats)",
      "gap (nats)",
      "what it does",
    ],
    rows: records.map((r) => [
      r.attack,
      short(over(r, (c) => c.target.value)),
      short(meanOf(r.classes.map((c) => c.evaluator)).value),
      short(meanOf(r.classes.map((c) => c.neighbours)).value),
      short(over(r, (c) => c.precision)),
      short(over(r, (c) => c.coverage)),
      short(over(r, (c) => c.pairs)),
      "none" in r.frechet ? "" : `${r.frechet.value.mean.toFixed(1)} (real ${r.frechet.reference.mean.toFixed(1)})`,
      r.classes[0].posterior ? short(over(r, (c) => c.posterior?.kl ?? null)) : "",
      gapOf(r),
      r.title,
    ]),
    caption:
      "Means over classes. Evaluator and nearest items are measured on the half of the samples by which the strongest attack was not chosen" +
      ` (${decides} decide${decides === "evaluator" ? "s" : ""}). Pairs: mean distance of two samples over that of two real items. A gap is left out where importance weights amount to less than a tenth of the draws.`,
  };
}

function gapOf({ classes }: AttackRecord): string | number {
  const known = classes.flatMap(({ posterior }) => (posterior && posterior.ess >= 0.1 ? [posterior.gap] : []));
  return known.length === 0 ? "" : short(known.reduce((a, b) => a + b, 0) / known.length);
}

const defencesTable = (judged: readonly Judged[], groundwork: Groundwork): ReportTable => ({
  title: "Defences",
  columns: ["model", "grade", "utility", "strongest attack", "its accuracy", "mean risk", "what is to be said"],
  rows: judged.map(({ model, accuracy, verdict }) => [
    model === "none" ? "target" : model,
    verdict.grade,
    percent(accuracy),
    verdict.strongest.attack,
    within(verdict.accuracy),
    percent(verdict.classes.reduce((sum, c) => sum + c.graded.risk.value / verdict.classes.length, 0)),
    groundwork.models.find(({ name }) => name === model)?.notes.join(" ") ?? "",
  ]),
});

/** For programs. */
function resultsOf(judged: readonly Judged[], groundwork: Groundwork, decides: Decides) {
  const summary = ({ verdict, accuracy }: Judged) => ({
    grade: verdict.grade,
    perClass: verdict.classes.map((c) => ({
      class: c.class,
      grade: c.graded.grade,
      attack: { p: c.attack.value, lo: c.attack.low, hi: c.attack.high },
      control: { p: c.control.value, lo: c.control.low, hi: c.control.high, name: c.graded.control },
      risk: { value: c.graded.risk.value, lo: c.graded.risk.low, hi: c.graded.risk.high },
      coverage: c.record.coverage,
      klNats: "none" in c.price ? null : c.price.nats,
      gap: c.record.posterior && c.record.posterior.ess >= 0.1 ? c.record.posterior.gap : null,
      memorisation: "none" in c.memory ? { t: null, p: null, why: c.memory.none } : { t: c.memory.share.value, p: c.memory.p },
    })),
    utility: accuracy,
    strongest: verdict.strongest.attack,
    doubts: verdict.doubts,
  });
  const [target, ...others] = judged;
  return {
    schema: "pushforward-audit/1",
    ...summary(target),
    decides,
    evaluator: groundwork.evaluator,
    attacks: target.records.map((r) => ({
      attack: r.attack,
      target: over(r, (c) => c.target.value),
      evaluator: meanOf(r.classes.map((c) => reported(c, "evaluator"))).value,
      neighbours: meanOf(r.classes.map((c) => reported(c, "neighbours"))).value,
      precision: finite(over(r, (c) => c.precision)),
      coverage: finite(over(r, (c) => c.coverage)),
      pairs: over(r, (c) => c.pairs),
      klNats: r.classes[0].posterior ? over(r, (c) => c.posterior?.kl ?? null) : null,
    })),
    defences: Object.fromEntries(others.map((j) => [j.model, summary(j)])),
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
