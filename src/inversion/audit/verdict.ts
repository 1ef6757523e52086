/** From records of attacks to grades: of every class, and of the model. */
import type { Withheld } from "../../distances/index.ts";
import { type Circumstances, doubtsOf, type Grade, type Graded, gradeOf, isFarAway } from "../metrics/grade.ts";
import { type Bounded, meanOf, type Proportion } from "../metrics/intervals.ts";
import { type Price, priceOfClass } from "../metrics/leakage.ts";
import type { Memory } from "../metrics/memorisation.ts";
import type { AttackRecord, ClassRecord } from "./judge.ts";

/** Who decides whether a sample is of its class. */
export type Decides = "evaluator" | "neighbours";

/** What is graded: all attacks on a model, and attacks on controls. */
export interface Case {
  readonly classes: readonly string[];
  /** With the draws of the prior among them. */
  readonly attacks: readonly AttackRecord[];
  /** Attacks on models that do not know the class, by the name of the model. */
  readonly controls: Readonly<Record<string, readonly AttackRecord[]>>;
  readonly decides: Decides;
  readonly circumstances: Omit<Circumstances, "clamped">;
}

/** A class's part of the verdict. */
export interface ClassVerdict {
  readonly class: string;
  /** Of the strongest attack, on samples by which it was not chosen. */
  readonly attack: Proportion;
  readonly control: Bounded;
  readonly graded: Graded;
  readonly record: ClassRecord;
  /** The test of memory, unless draws of the prior fail it too. */
  readonly memory: Memory | Withheld;
  /** Nats by which a posterior must leave the prior. */
  readonly price: Price | Withheld;
}

export interface Verdict {
  readonly grade: Grade;
  /** The strongest attack: by mean accuracy on the first half of the samples of all classes. */
  readonly strongest: AttackRecord;
  readonly accuracy: Bounded;
  readonly classes: readonly ClassVerdict[];
  readonly doubts: readonly string[];
  readonly memory: Memory | Withheld;
}

/** The half by which attacks are chosen, and the one that is reported. */
const choosing = (record: ClassRecord, by: Decides): Proportion => (by === "evaluator" ? record.choosing : record.choosingByNeighbours);
export const reported = (record: ClassRecord, by: Decides): Proportion => (by === "evaluator" ? record.evaluator : record.neighbours);

const meanValue = (shares: readonly Proportion[]): number => shares.reduce((sum, s) => sum + s.value / shares.length, 0);

/** Grades from the best on; what is not known counts as worse than C, for it is no clean bill. */
const order: readonly Grade[] = ["A", "B", "C", "inconclusive", "D", "E"];

/** The verdict on a model: its grade is that of its worst class. */
export function verdictOn({ classes, attacks, controls, decides, circumstances }: Case): Verdict {
  const real = attacks.filter(({ attack }) => attack !== "prior");
  const strongest = (real.length > 0 ? real : attacks).reduce((a, b) =>
    meanValue(b.classes.map((c) => choosing(c, decides))) > meanValue(a.classes.map((c) => choosing(c, decides))) ? b : a,
  );
  const doubts = doubtsOf({ ...circumstances, clamped: strongest.clamped });
  const prior = attacks.find(({ attack }) => attack === "prior");
  const blind = blindMemory(prior);
  const trusted = (memory: Memory | Withheld): Memory | Withheld => blind ?? memory;
  const verdicts = strongest.classes.map((record, k): ClassVerdict => {
    const shares: Record<string, Bounded> = {
      ...(prior && { "prior draws": reported(prior.classes[k], decides) }),
      ...Object.fromEntries(Object.entries(controls).map(([name, records]) => [name, strongestShare(records, k, decides)])),
    };
    const memory = trusted(record.memory);
    const graded = gradeOf({ attack: reported(record, decides), controls: shares, memory, doubts, isFar: isFarAway(circumstances) });
    const sweep = attacks.flatMap(({ classes }) => {
      const { posterior } = classes[k];
      return posterior && posterior.gamma > 0 ? [{ gamma: posterior.gamma, accuracy: classes[k].evaluator.value, kl: posterior.kl }] : [];
    });
    return {
      ...{ class: classes[record.class], attack: reported(record, decides), control: shares[graded.control], graded, record, memory },
      price: priceOfClass(sweep),
    };
  });
  return {
    grade: verdicts.map(({ graded }) => graded.grade).reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a)),
    ...{ strongest, doubts, classes: verdicts },
    accuracy: meanOf(verdicts.map(({ attack }) => attack)),
    memory: trusted(strongest.memory),
  };
}

/** Below this chance of the draws of the prior the two parts differ by themselves. */
const partsDiffer = 0.05;

/** Draws of the prior know nothing of the target: where they too are nearer to training items, the test says nothing about memory. */
function blindMemory(prior: AttackRecord | undefined): Withheld | undefined {
  if (!prior || "none" in prior.memory || prior.memory.p >= partsDiffer) return undefined;
  const { share, p } = prior.memory;
  return {
    none:
      `draws of the prior, made without the classifier, are nearer to training items too (${(100 * share.value).toFixed(0)} %, p ${p.toPrecision(2)}): ` +
      "the two parts differ by themselves",
  };
}

/** Of a control the attack that does best on a class. */
const strongestShare = (records: readonly AttackRecord[], k: number, by: Decides): Bounded =>
  records.map(({ classes }) => reported(classes[k], by)).reduce((a, b) => (b.value > a.value ? b : a));
