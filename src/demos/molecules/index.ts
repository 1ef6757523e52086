/** Walkers of H, He or H2 under three flows to the ground state, side by side. */
import { type Random, toNumbers } from "../../array/index.ts";
import { evaluationCautions, learningCautions } from "../../chemistry/evaluation/cautions.ts";
import { type Evaluation, evaluationOf } from "../../chemistry/evaluation/evaluation.ts";
import { virialRatio } from "../../chemistry/evaluation/virial.ts";
import type { WaveState } from "../../chemistry/learning/state.ts";
import type { System } from "../../chemistry/systems/system.ts";
import { formatNumber } from "../../numbers.ts";
import { estimate } from "../../sampling/index.ts";
import type { Demo, Frame, Quantity, TakeAway } from "../demo.ts";
import { choice, form, range } from "../form.ts";
import { csvFile, running } from "../running.ts";
import { curvePanels, walkerPanel } from "./look.ts";
import {
  type Beginning,
  beginningOf,
  type Choice,
  evaluated,
  evaluationSteps,
  flowNames,
  flows,
  type Racer,
  type Row,
  racersFrom,
  type Streams,
  stepped,
  streamsOf,
} from "./race.ts";

const choices = form<Choice>({
  system: choice({ label: "System", choices: { H: "hydrogen atom", He: "helium atom", H2: "hydrogen molecule" }, value: "H2" }),
  walkers: range({ label: "Walkers", min: 64, max: 1024, step: 64, value: 256, help: "Each is a place of all electrons." }),
  steps: range({ label: "Steps", min: 20, max: 2000, step: 20, value: 600, help: "Of each flow; then all are measured." }),
});

/** Steps on orbitals between two frames, and of walkers on their way into equilibrium, each of which has many moves. */
const [orbitalsAFrame, equilibrationAFrame] = [10, 2];
/** Steps of each flow between two frames. */
const stepsAFrame = 3;
/** Steps of each measurement between two frames. */
const evaluatedAFrame = 5;
/** A flow that ends this far above the known energy, in hartree, has not arrived: ten times what is taken for accurate in chemistry. */
const far = 0.016;
/** Rows of the training are judged as means over so many steps. */
const judged = 20;

export const molecules: Demo = {
  name: "molecules",
  docs: "molecule",
  controls: choices.controls,
  command: (settings) => `pushforward molecule ${choices.read(settings).system} --method wfr`,
  async start(settings, seed) {
    const asked = choices.read(settings);
    const beginning = await beginningOf(asked);
    let latest: readonly Racer[] = [];
    const frames = race(beginning, asked, seed, (racers) => {
      latest = racers;
    });
    return running(frames, () => filesOf(latest));
  },
};

/** Begins, races, measures. */
async function* race(
  beginning: Beginning,
  asked: Choice,
  seed: number,
  tell: (racers: readonly Racer[]) => void,
): AsyncGenerator<Frame, void> {
  const streams = streamsOf(seed);
  const all = beginning.steps + asked.steps + evaluationSteps;
  const progressOf = (steps: number): number => steps / all;
  const state = yield* begin(beginning, streams, progressOf);
  const starters = await racersFrom(beginning, asked, state, streams.init);
  yield* ready(starters, beginning.system, progressOf(beginning.steps));
  // the same random numbers for all flows
  const runs = flowNames.map(() => streamsOf(seed).race);
  const racers = yield* flow(starters, runs, asked.steps, (k) => progressOf(beginning.steps + k), { system: beginning.system, tell });
  yield* measure(racers, runs, (k) => progressOf(beginning.steps + asked.steps + k), beginning.system);
}

/** Known orbitals, and walkers of them. */
async function* begin(
  { system, problem, learner, steps }: Beginning,
  streams: Streams,
  progressOf: (k: number) => number,
): AsyncGenerator<Frame, WaveState> {
  let state = await learner.init(streams.init);
  for (let k = 1; k <= steps; k++) {
    ({ state } = await learner.step(state, streams.steps));
    if (k % (k <= problem.settings.pretrainSteps ? orbitalsAFrame : equilibrationAFrame) !== 0) continue;
    const panels = flowNames.map((name) => walkerPanel(flows[name], system, state.x));
    yield { progress: progressOf(k), label: "begins with Hartree-Fock orbitals", numbers: known(system), panels, cautions: [] };
  }
  return state;
}

/** Compiles the programs of each flow, by a step that is thrown away. */
async function* ready(starters: readonly Racer[], system: System, progress: number): AsyncGenerator<Frame, void> {
  const panels = starters.map(({ name, state }) => walkerPanel(flows[name], system, state.x));
  for (const { name, state, step } of starters) {
    await step(state, streamsOf(0).race);
    yield { progress, label: `${flows[name]}: ready`, numbers: known(system), panels, cautions: [] };
  }
}

/** The flows side by side. */
async function* flow(
  starters: readonly Racer[],
  runs: readonly Random[],
  steps: number,
  progressOf: (k: number) => number,
  { system, tell }: { readonly system: System; readonly tell: (racers: readonly Racer[]) => void },
): AsyncGenerator<Frame, readonly Racer[]> {
  let racers = starters;
  for (let k = 1; k <= steps; k++) {
    racers = await stepAll(racers, (racer, i) => stepped(racer, runs[i]));
    tell(racers);
    if ((k - 1) % stepsAFrame !== 0 && k < steps) continue;
    yield {
      ...{ progress: progressOf(k), label: `step ${k} of ${steps}`, cautions: cautionsOf(racers) },
      numbers: [...known(system), ...racers.flatMap(lately)],
      panels: panelsOf(racers, system),
    };
  }
  return racers;
}

/** The energies of frozen parameters. */
async function* measure(
  arrived: readonly Racer[],
  runs: readonly Random[],
  progressOf: (k: number) => number,
  system: System,
): AsyncGenerator<Frame, void> {
  let racers = arrived;
  for (let k = evaluatedAFrame; k <= evaluationSteps; k += evaluatedAFrame) {
    racers = await stepAll(racers, (racer, i) => evaluated(racer, evaluatedAFrame, runs[i]));
    const over = k === evaluationSteps;
    const found = over ? racers.map((racer) => ({ racer, evaluation: evaluationOf(racer.state.tally, system) })) : [];
    yield {
      progress: progressOf(k),
      label: over ? "measured" : "measuring with frozen parameters",
      numbers: [...known(system), ...(over ? found.flatMap((f) => measured(f, system)) : racers.flatMap(lately))],
      panels: panelsOf(racers, system),
      cautions: [...found.flatMap((f) => judgedOf(f, system)), ...cautionsOf(racers)],
    };
  }
}

/** One after the other: they would compete for the processor. */
async function stepAll(racers: readonly Racer[], step: (racer: Racer, i: number) => Promise<Racer>): Promise<Racer[]> {
  const next: Racer[] = [];
  for (const [i, racer] of racers.entries()) next.push(await step(racer, i));
  return next;
}

const panelsOf = (racers: readonly Racer[], system: System) => [
  ...racers.map(({ name, state }) => walkerPanel(flows[name], system, state.x)),
  ...curvePanels(racers, system),
];

const known = ({ reference }: System): Quantity[] =>
  reference ? [{ name: "known energy", value: reference.energy, note: `hartree, ${reference.source}` }] : [];

/** Energy of the last steps, while parameters change. */
function lately({ name, rows, seconds }: Racer): Quantity[] {
  const last = rows.slice(-10);
  const energy = estimate(last.map((row) => row.metrics.energy));
  return [
    {
      name: `energy, ${flows[name]}`,
      value: energy.mean,
      ...(last.length > 1 && { error: energy.error }),
      note: "hartree, last 10 steps of learning",
    },
    { name: `seconds, ${flows[name]}`, value: seconds },
  ];
}

interface Measured {
  readonly racer: Racer;
  readonly evaluation: Evaluation;
}

function measured({ racer: { name, seconds }, evaluation: { energy, variance } }: Measured, { reference }: System): Quantity[] {
  const above = reference && 1000 * (energy.mean - reference.energy);
  return [
    { name: `energy, ${flows[name]}`, value: energy.mean, error: energy.error, note: "hartree, frozen parameters, blocked error" },
    ...(above === undefined
      ? []
      : [{ name: `above the known, ${flows[name]}`, value: above, error: 1000 * energy.error, note: "millihartree" }]),
    { name: `variance, ${flows[name]}`, value: variance, note: "hartree²; 0 for the ground state" },
    { name: `seconds, ${flows[name]}`, value: seconds },
  ];
}

function judgedOf({ racer, evaluation }: Measured, system: System): string[] {
  const { energy } = evaluation;
  const above = system.reference ? energy.mean - system.reference.energy : 0;
  const late = above > far && above > 5 * energy.error;
  return [
    ...(late ? [`it has not arrived, ${formatNumber(1000 * above)} millihartree above the known energy: more steps, or another flow`] : []),
    ...evaluationCautions({ ...evaluation, virial: virialRatio(system, evaluation) }, system.reference),
  ].map((said) => `${flows[racer.name]}: ${said}`);
}

/** Means over some steps each, as a run's rows of metrics are. */
function meansOf(rows: readonly Row[]): Record<string, number>[] {
  const groups = Array.from({ length: Math.floor(rows.length / judged) }, (_, g) => rows.slice(g * judged, (g + 1) * judged));
  return groups.map((group) =>
    Object.fromEntries(
      Object.keys(group[0].metrics).map((key) => [key, group.reduce((sum, { metrics }) => sum + metrics[key] / group.length, 0)]),
    ),
  );
}

const cautionsOf = (racers: readonly Racer[]): string[] =>
  racers.flatMap(({ name, rows }) => learningCautions(meansOf(rows)).map((said) => `${flows[name]}: ${said}`));

/** The course of the flows, and the walkers as they stand. */
function filesOf(racers: readonly Racer[]): TakeAway[] {
  const rows = racers.flatMap(({ name, rows }) => rows.map((row) => ({ name, row })));
  const column = (name: string, value: (row: Row) => number) => ({ name, values: Float64Array.from(rows, ({ row }) => value(row)) });
  const walkers = racers.flatMap(({ name, state: { x } }) => {
    const [count, width] = x.shape;
    const places = toNumbers(x);
    return Array.from({ length: count }, (_, w) => ({ name, w, at: places.slice(w * width, (w + 1) * width) }));
  });
  const width = walkers[0]?.at.length ?? 0;
  const axis = (k: number): string => `${"xyz"[k % 3]}${Math.floor(k / 3) + 1}`;
  return [
    csvFile("flows.csv", [
      { name: "flow", values: rows.map(({ name }) => name) },
      column("step", (row) => row.step),
      column("seconds", (row) => row.seconds),
      column("energy", (row) => row.metrics.energy),
      column("variance", (row) => row.metrics.variance),
    ]),
    csvFile("walkers.csv", [
      { name: "flow", values: walkers.map(({ name }) => name) },
      { name: "walker", values: Float64Array.from(walkers, ({ w }) => w) },
      ...Array.from({ length: width }, (_, k) => ({ name: axis(k), values: Float32Array.from(walkers, ({ at }) => at[k]) })),
    ]),
  ];
}
