/** Optimizers race on a small network: equal steps, batches and first parameters. */

import type { FinalRun } from "../../training/compare.ts";
import { recommend, type Summary, summarise } from "../../training/summary.ts";
import type { Demo, Frame, Quantity, TakeAway } from "../demo.ts";
import { choice, form, range } from "../form.ts";
import { csvFile, running } from "../running.ts";
import { shapes } from "./data.ts";
import { boundaryPanel, lossPanels, rankingPanel } from "./look.ts";
import {
  advanced,
  arrived,
  batchSize,
  type Choice,
  type Course,
  courseOf,
  depth,
  entrantNames,
  entrants,
  type Racer,
  startersOf,
} from "./race.ts";

const choices = form<Choice>({
  data: choice({ label: "Data", choices: { spirals: shapes.spirals.title, board: shapes.board.title }, value: "board" }),
  rates: choice({
    label: "Learning rates",
    choices: { fitted: "found for these data beforehand", usual: "the optimizers' own" },
    value: "fitted",
    help: "A rate that suits one optimizer ruins another: both kinds are stated in the ranking.",
  }),
  width: range({ label: "Width", min: 8, max: 64, step: 8, value: 32, help: "Of the two hidden layers." }),
  steps: range({ label: "Steps", min: 100, max: 3000, step: 100, value: 1500, help: `Of ${batchSize} examples, the same for all.` }),
  seeds: range({
    label: "Seeds",
    min: 1,
    max: 5,
    step: 1,
    value: 3,
    help: "Races with other first parameters and batches: one alone tells little.",
  }),
});

/** Steps of each between two frames: about a tenth of a second for all. */
const stepsAFrame = 25;

export const optimizers: Demo = {
  name: "optimizers",
  docs: "optimizers",
  controls: choices.controls,
  command(settings) {
    const { width, steps, seeds } = choices.read(settings);
    return (
      `pushforward train compare examples.csv --target class --model mlp --width ${width} --depth ${depth} --batch ${batchSize} ` +
      `--steps ${steps} --seeds ${seeds} --optimizers ${entrantNames.join(",")}`
    );
  },
  async start(settings, seed) {
    const asked = choices.read(settings);
    const course = courseOf(asked, seed);
    const races: (readonly Racer[])[] = [];
    return running(raceAll(course, asked, races), () => filesOf(course, races));
  },
};

/** Race after race; losses and lines that are shown are those of the one that is on. */
async function* raceAll(course: Course, asked: Choice, races: (readonly Racer[])[]): AsyncGenerator<Frame, void> {
  const finals: FinalRun[] = [];
  for (let race = 0; race < asked.seeds; race++) {
    let racers = startersOf(course, asked, race);
    for (let step = 0; step < asked.steps; ) {
      const count = Math.min(stepsAFrame, asked.steps - step);
      const next: Racer[] = [];
      for (const racer of racers) next.push(await advanced(racer, count, course.rng));
      racers = next;
      step += count;
      races[race] = racers;
      if (step === asked.steps) for (const racer of racers) finals.push(await arrived(racer, race));
      yield await frameOf(course, asked, racers, race, step, finals);
    }
  }
}

async function frameOf(
  course: Course,
  asked: Choice,
  racers: readonly Racer[],
  race: number,
  step: number,
  finals: readonly FinalRun[],
): Promise<Frame> {
  const { problem } = course;
  const { steps, seeds } = asked;
  const summaries = finals.length > 0 ? summarise({ trials: [], finals }, problem) : [];
  const over = race === seeds - 1 && step === steps;
  return {
    progress: (race * steps + step) / (seeds * steps),
    label: over ? "arrived" : `seed ${race + 1} of ${seeds}, step ${step} of ${steps}`,
    numbers: over ? [{ name: "verdict", value: recommend(summaries, problem.score) }, ...summaries.map(scored)] : racers.map(going),
    panels: [...lossPanels(racers), await boundaryPanel(course, racers), ...(summaries.length > 0 ? [rankingPanel(summaries)] : [])],
    cautions: cautionsOf(finals, asked, finals.length / entrantNames.length),
  };
}

const going = ({ name, curve }: Racer): Quantity => ({
  name: `loss, ${entrants[name].title}`,
  value: curve[curve.length - 1].loss,
  note: "mean of the last steps",
});

const scored = ({ optimizer, test, seeds }: Summary): Quantity => ({
  name: `test accuracy, ${optimizer}`,
  value: test.mean,
  ...(Number.isFinite(test.error) && { error: test.error }),
  note: `${seeds} ${seeds === 1 ? "seed" : "seeds"}`,
});

/** Loss of whoever gives both classes the same chance. */
const chance = Math.log(2);

/** What makes a ranking doubtful. */
function cautionsOf(finals: readonly FinalRun[], { rates, seeds }: Choice, done: number): string[] {
  if (finals.length === 0) return [];
  const lost = finals
    .filter(({ trainLoss }) => !(trainLoss < 0.9 * chance))
    .map(({ optimizer, seed }) => `${optimizer} (seed ${seed + 1})`);
  return [
    ...(lost.length > 0 ? [`${lost.join(", ")} ended no better than by chance: more steps, or another learning rate`] : []),
    ...(done === 1
      ? [`one seed: another may rank them otherwise${seeds === 1 ? "; choose more seeds" : `, and ${seeds - 1} more are to come`}`]
      : []),
    ...(rates === "usual"
      ? ["nobody fitted the learning rates to these data: the command below tries 20 settings of each optimizer before it compares them"]
      : []),
  ];
}

/** The examples as the command reads them, and the losses of all races. */
function filesOf({ examples }: Course, races: readonly (readonly Racer[])[]): TakeAway[] {
  const classes = examples.classes ?? [];
  const rows = races.flatMap((racers, race) =>
    racers.flatMap(({ name, settings, curve }) => curve.map((stretch) => ({ race, name, rate: Number(settings.lr), stretch }))),
  );
  const numbers = (name: string, value: (row: (typeof rows)[number]) => number) => ({ name, values: Float64Array.from(rows, value) });
  const coordinate = (j: number): Float32Array =>
    Float32Array.from(examples.targets.data, (_, i) => Number(examples.inputs.data[2 * i + j]));
  return [
    csvFile("examples.csv", [
      { name: "x", values: coordinate(0) },
      { name: "y", values: coordinate(1) },
      { name: "class", values: Array.from(examples.targets.data, (side) => classes[Number(side)]) },
    ]),
    csvFile("losses.csv", [
      numbers("seed", ({ race }) => race),
      { name: "optimizer", values: rows.map(({ name }) => name) },
      numbers("rate", ({ rate }) => rate),
      numbers("step", ({ stretch }) => stretch.step),
      numbers("seconds", ({ stretch }) => stretch.seconds),
      numbers("loss", ({ stretch }) => stretch.loss),
    ]),
  ];
}
