/** The parts of the work, one after another; each is finished or not. */
import type { Random } from "../../array/index.ts";
import { formatNumber } from "../../numbers.ts";
import { leastPairs, type Read, readFamily } from "./critics/estimate.ts";
import { families } from "./critics/families.ts";
import type { Budget } from "./critics/train.ts";
import { firstTerms, meanOf } from "./ksg.ts";
import { type Measured, nothing, type Part } from "./measured.ts";
import { nearest, someRows } from "./nearest.ts";
import { type Neighbours, neighbours } from "./neighbours.ts";
import { counted, linear } from "./parametric.ts";
import { permutationTest } from "./permutation.ts";
import { isContinuous, isDiscrete, type Side, takeRows } from "./side.ts";
import { binned, tableInformation } from "./table.ts";
import { withoutTies } from "./ties.ts";

/** All methods by name, in the order in which they are shown. */
export const methodNames = ["ksg", "cca", "histogram", ...families.flatMap((family) => family.readings.map(({ method }) => method))];

/** What is to be computed. */
export interface Plan {
  readonly pairs: readonly [Side, Side];
  readonly methods: readonly string[];
  readonly neighbours: number;
  /** Rows that neighbours use at most. */
  readonly rows: number;
  readonly permutations: number;
  readonly critics: Budget;
}

/** A part by name; `ticks` is how often it calls `tick`, which says whether to stop. */
export interface Task {
  readonly name: string;
  readonly ticks: number;
  readonly run: (rng: Random, tick: () => boolean) => Promise<Part>;
}

/** Rows of a permutation test: each exchange costs their square. */
const testRows = 800;
/** Labels above which a network's input is mostly zeros. */
const mostLabels = 256;

/** Nats that shuffled pairs may seem to have, and spreads of them, before an estimate is biased by them. */
const mostBaseline = { nats: 0.03, spreads: 2 };

/** What shuffled pairs seem to have, pairs have too much of. A lower bound that is low on them is none the worse. */
function checked(part: Part): Part {
  const measured = part.measured.map((m): Measured => {
    const { mean, se } = m.baseline;
    if (mean <= Math.max(mostBaseline.nats, mostBaseline.spreads * se)) return m;
    return {
      ...m,
      valid: false,
      why: `shuffled pairs, whose information is 0, give ${formatNumber(mean)} nats: too high by about as much`,
    };
  });
  return { ...part, measured };
}

export const tasks = (plan: Plan): Task[] =>
  allTasks(plan).map((task) => ({ ...task, run: async (rng, tick) => checked(await task.run(rng, tick)) }));

function allTasks({ pairs, methods, neighbours: k, rows, permutations, critics }: Plan): Task[] {
  const wanted = (method: string): boolean => methods.includes(method);
  const count = neighbours(pairs, k); // compiled when it is first used, for both parts that use it
  const once = (name: string, run: (rng: Random) => Promise<Part>): Task => ({
    ...{ name, ticks: 1 },
    run: async (rng, tick) => {
      const part = await run(rng.fold(name));
      tick();
      return part;
    },
  });
  return [
    ...(wanted("ksg") ? [once("neighbours", (rng) => nearest(pairs, { k, most: rows, rng, count }))] : []),
    ...(wanted("cca") ? [once("correlations", (rng) => linear(pairs, rng))] : []),
    // labels on both sides are counted whatever is asked for: nothing else is as good
    ...(wanted("histogram") || (wanted("ksg") && pairs.every(isDiscrete)) ? [once("tables", (rng) => counted(pairs, rng))] : []),
    ...(permutations > 0 ? [permuting(pairs, count, permutations, Math.max(testRows, 2 * k))] : []),
    ...families
      .filter(({ readings }) => readings.some(({ method }) => wanted(method)))
      .map((family) => training(family, pairs, methods, critics)),
  ];
}

function permuting(pairs: readonly [Side, Side], count: Neighbours, permutations: number, most: number): Task {
  return {
    name: "permutations",
    ticks: permutations,
    async run(rng, tick) {
      const rows = someRows(pairs[0].rows, most, rng.fold("test rows"));
      const [x, z] = pairs.map((side, s) => takeRows(withoutTies(side, rng.fold(`ties ${s}`)), rows));
      const labels = isDiscrete(x) && isDiscrete(z);
      const statistic = async (a: Side, b: Side): Promise<number> =>
        labels ? tableInformation(binned(a, 1), binned(b, 1)).value : meanOf(firstTerms(await count(a, b)));
      let stopped = false;
      const exchanged = (): void => void (stopped ||= tick());
      const test = await permutationTest(statistic, [x, z], {
        permutations,
        rng: rng.fold("permutations"),
        exchanged,
        stop: () => stopped,
      });
      const name = labels ? "plug-in" : isContinuous(x) && isContinuous(z) ? "KSG-1" : "KSG for labels and numbers";
      return { ...nothing, test: { ...test, statistic: name, pairs: rows.length } };
    },
  };
}

/** Share of one combination in a mean of exponentials from which its error cannot be believed. */
const mostShare = 0.2;

function training(family: (typeof families)[number], pairs: readonly [Side, Side], methods: readonly string[], budget: Budget): Task {
  return {
    name: family.name,
    ticks: 2 * budget.steps,
    async run(rng, tick) {
      const mine = family.readings.filter(({ method }) => methods.includes(method));
      const why = unfit(family.name, pairs);
      if (why !== undefined) return { ...nothing, skipped: mine.map(({ method }) => ({ method, why })) };
      const read = await readFamily(family, methods, pairs, budget, rng.fold("critics"), tick);
      const [found, lost] = [read.filter(hasNumbers), read.filter((r) => !hasNumbers(r))];
      const diverged = "the training diverged: lower --lr";
      return {
        ...nothing,
        measured: found.map(toMeasured),
        skipped: lost.map(({ reading }) => ({ method: reading.method, why: diverged })),
      };
    },
  };
}

const hasNumbers = ({ mean, se, baseline }: Read): boolean => [mean, se, baseline.mean, baseline.se].every(Number.isFinite);

function unfit(name: string, [x, z]: readonly [Side, Side]): string | undefined {
  if (x.rows < leastPairs) return `${x.rows} pairs are too few to train on some and look at others: ${leastPairs} are needed`;
  const labels = Math.max(...x.levels, ...z.levels);
  if (labels > mostLabels) return `a column has ${labels} labels: too many for a network's input`;
  if (name === "q(z|x)" && !isContinuous(z)) return "a normal density of z given x needs numbers in z, and there are labels";
  return undefined;
}

function toMeasured({ reading, mean, se, share, validated, validatedShare, baseline, pairs }: Read): Measured {
  const { method, name, kind, valid, why } = reading;
  const cap = Math.log(pairs);
  const heavy = reading.heavy && share > mostShare;
  const full = reading.capped && mean > cap - nearCap;
  const doubt = heavy
    ? `one of ${pairs * (pairs - 1)} combinations is ${formatNumber(100 * share)} % of a mean of exponentials: no error can be believed`
    : full
      ? `${why}. It is at this cap (log ${pairs} = ${formatNumber(cap)}): the truth may be anything above`
      : why;
  return {
    ...{
      method,
      name,
      kind,
      mean,
      se,
      baseline,
      pairs,
      ...(reading.capped && { cap }),
      ...(kind === "lower" && validatedShare <= mostShare && { validated }),
    },
    ...{ valid: valid && !heavy, why: doubt },
  };
}

/** Nats below log n at which InfoNCE is taken for saturated. */
export const nearCap = 0.1;
