/** How many training steps fit in a budget of processor time: what `study/images.ts` measures before its rows, and keeps. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { randomStream } from "../src/array/index.ts";
import { UserError } from "../src/errors.ts";
import { sharedOptions } from "../src/lab/index.ts";
import { loadSets } from "../src/methods/images/data.ts";
import { imagesOptions } from "../src/methods/images/options.ts";
import { imagesProblem } from "../src/methods/images/problem.ts";
import { configure } from "../src/tensor/index.ts";
import { imageLearner } from "../src/transport/index.ts";

/** What all rows have in common, and how long each may train. */
export interface Budget {
  readonly widths: string;
  readonly batch: number;
  readonly learningRate: number;
  readonly minutes: number;
}

/** A training: pictures, what is asked of them, and how it is learned. */
export interface Row {
  readonly data: string;
  readonly task: string;
  readonly method: string;
}

const planFile = z.object({
  widths: z.string(),
  batch: z.number(),
  learningRate: z.number(),
  minutes: z.number(),
  /** By the name of a row: processor seconds of a step, and the steps that fit. */
  rows: z.record(z.string(), z.object({ secondsOfStep: z.number(), steps: z.int() })),
});
export type Plan = z.infer<typeof planFile>;

export const rowName = ({ data, task, method }: Row): string => `${data} ${task} ${method}`;

/** Steps that are not counted (programs are compiled in the first), rounds in which methods take turns, and least seconds of a turn. */
const [warmUp, rounds, leastSeconds] = [3, 5, 1];

/**
 * A plan for all rows. What a file holds already is not measured again, so that a run is repeated with the same steps.
 * @throws UserError  if the file was made for other networks or another budget
 */
export async function planned(path: string, budget: Budget, rows: readonly Row[], told: (text: string) => void): Promise<Plan> {
  let plan: Plan = existsSync(path) ? planFile.parse(JSON.parse(readFileSync(path, "utf8"))) : { ...budget, rows: {} };
  const other = (Object.keys(budget) as (keyof Budget)[]).find((key) => plan[key] !== budget[key]);
  if (other) throw new UserError(`${path} is for ${other} ${plan[other]}, not ${budget[other]}`, "give another --out, or the same budget");
  const missing = rows.filter((row) => !plan.rows[rowName(row)]);
  for (const [task, some] of Map.groupBy(missing, ({ data, task }) => `${data} ${task}`)) {
    told(`measuring the steps of ${task}`);
    const seconds = await secondsOfSteps(some, budget);
    const found = some.map((row, i) => {
      const steps = Math.max(1, Math.round((60 * budget.minutes) / seconds[i]));
      told(`${rowName(row)}: ${(1000 * seconds[i]).toFixed(1)} ms a step, ${steps} steps`);
      return [rowName(row), { secondsOfStep: seconds[i], steps }] as const;
    });
    plan = { ...plan, rows: { ...plan.rows, ...Object.fromEntries(found) } };
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(plan, undefined, 2)}\n`);
  }
  return plan;
}

/** Processor seconds of a step of each row of one task: medians over rounds, in which all take turns, for the load of a machine changes. */
async function secondsOfSteps(rows: readonly Row[], budget: Budget): Promise<number[]> {
  configure({ threads: 1 });
  const turns: (() => Promise<number>)[] = [];
  for (const row of rows) turns.push(await turnOf(row, budget));
  const seconds: number[][] = rows.map(() => []);
  for (let round = 0; round < rounds; round++) for (const [i, turn] of turns.entries()) seconds[i].push(await turn());
  return seconds.map((list) => list.toSorted((a, b) => a - b)[rounds >> 1]);
}

/** A training as the command would begin it, as a function that takes some more steps and gives the seconds of one. */
async function turnOf(row: Row, { widths, batch, learningRate }: Budget): Promise<() => Promise<number>> {
  const options = z.object({ ...sharedOptions, ...imagesOptions.shape }).parse({ ...row, widths, batch, learningRate, threads: 1 });
  const { problem, learn } = imagesProblem(await loadSets(undefined, options), options);
  const rng = randomStream(0);
  const learner = await imageLearner(problem, rng.fold("data"), learn);
  let state = learner.init(rng.fold("init"));
  const some = async (steps: number): Promise<number> => {
    const before = process.cpuUsage();
    for (let i = 0; i < steps; i++) ({ state } = await learner.step(state, rng));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  await some(warmUp);
  const count = Math.ceil(leastSeconds / (await some(1)));
  return async () => (await some(count)) / count;
}
