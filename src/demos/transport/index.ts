/** Particles that learn to move from cloud to cloud along paths of least action. */
import { type NdArray, toNumbers } from "../../array/index.ts";
import type { Population } from "../../data/population.ts";
import { deviations, optimalTransport, spread } from "../../distances/index.ts";
import { formatNumber } from "../../numbers.ts";
import { floorOf } from "../../transport/evaluation/scores.ts";
import type { Frame as Moment } from "../../transport/motion/frames.ts";
import type { Demo, Frame, Quantity, TakeAway } from "../demo.ts";
import { csvFile, running } from "../running.ts";
import { distancesTo, energyUnit, momentOf, moved, stepped, type Training, trainingOf, weighted } from "./learn.ts";
import { curvePanels, type Look, massPanel, namesOf, particlePanel } from "./look.ts";
import { type Choice, choices, energyOf, methodOf, shared } from "./settings.ts";

/** Steps between two frames: about a tenth of a second. */
const stepsAFrame = 20;
/** Batches of which the action's value is the mean. */
const valueBatches = 20;
/** Particles that end this many sampling floors away from a cloud have not learned to get there. */
const far = 3;

export const transport: Demo = {
  name: "transport",
  docs: "trajectories",
  controls: choices.controls,
  command: (settings) => commandOf(choices.read(settings)),
  async start(settings, seed) {
    const choice = choices.read(settings);
    const training = await trainingOf(choice, seed);
    let latest: readonly Moment[] = [];
    const frames = learn(choice, training, (moments) => {
      latest = moments;
    });
    return running(frames, () => filesOf(training.data, latest));
  },
};

/** The command on the clouds as they are taken away, with the networks and steps that it has by itself. */
function commandOf(choice: Choice): string {
  const { potential, interaction } = energyOf(choice);
  return [
    `pushforward trajectories clouds.csv --method ${methodOf(choice)} --scale ${shared.scale}`,
    ...(choice.kinetic === "sb" ? [`--noise ${shared.noise}`] : []),
    ...(choice.kinetic === "uot" ? [`--mass ${shared.mass} --growth ${shared.growth}`] : []),
    ...(choice.held ? ["--hold-out 1"] : []),
    ...(potential === undefined ? [] : [`--potential "${potential}"`]),
    ...(interaction === undefined ? [] : [`--interaction "${interaction}"`]),
  ].join(" ");
}

/** Learns, and moves the particles of the first cloud by what is learned so far. */
async function* learn(choice: Choice, training: Training, tell: (moments: readonly Moment[]) => void): AsyncGenerator<Frame, void> {
  const { model, rng } = training;
  const later = choice.clouds.slice(1);
  const floors = later.map((cloud, k) => floorOf({ x: cloud }, rng.fold("floor").fold(k)));
  const looks: Look[] = [];
  const look = async (state: unknown, step: number, loss: number): Promise<Shown> => {
    const moments = await moved(training, state);
    tell(moments);
    looks.push({ step, loss, distances: later.map((cloud, k) => distancesTo(momentOf(moments, choice.clouds.length, k + 1), cloud)) });
    // particles go their way again and again while they learn it, and arrive in the end
    const now = step === choice.steps ? moments.length - 1 : (looks.length - 1) % moments.length;
    return { choice, training, looks, floors, moments, now };
  };
  let state = model.init(rng.fold("init"));
  let shown = await look(state, 0, Number.NaN);
  yield frameOf(shown, `step 0 of ${choice.steps}`, distanceNumbers(shown));
  const stream = rng.fold("steps");
  for (let step = 0; step < choice.steps; ) {
    const count = Math.min(stepsAFrame, choice.steps - step);
    const after = await stepped(training, state, count, stream);
    state = after.state;
    step += count;
    shown = await look(state, step, after.loss);
    yield frameOf(shown, `step ${step} of ${choice.steps}`, distanceNumbers(shown));
  }
  const note = model.note?.(state);
  yield frameOf(shown, "learned", [...measured(shown), ...(await valued(shown, state))], note === undefined ? [] : [note]);
}

/** All that a frame is made of. */
interface Shown {
  readonly choice: Choice;
  readonly training: Training;
  readonly looks: readonly Look[];
  readonly floors: readonly number[];
  readonly moments: readonly Moment[];
  readonly now: number;
}

function frameOf(
  { choice, training, looks, floors, moments, now }: Shown,
  label: string,
  numbers: readonly Quantity[],
  notes: readonly string[] = [],
): Frame {
  const { step, loss } = looks[looks.length - 1];
  return {
    progress: step / choice.steps,
    label,
    numbers: [...(step > 0 ? [{ name: "loss", value: loss, note: "mean of the last steps" }] : []), ...numbers],
    panels: [
      particlePanel(choice, moments, now, training.grows),
      ...curvePanels(choice, looks, floors),
      ...(training.grows ? [massPanel(training, moments)] : []),
    ],
    cautions: [
      ...training.prepared.warnings.map(inWords),
      ...notes,
      ...(step === choice.steps ? missed({ choice, training, looks, floors }) : []),
    ],
  };
}

/** Clouds that were learned from and are not met. */
function missed({ choice, training, looks, floors }: Pick<Shown, "choice" | "training" | "looks" | "floors">): string[] {
  const names = namesOf(choice);
  return looks[looks.length - 1].distances.flatMap(({ w1 }, k) =>
    training.split.train.includes(k + 1) && w1 > far * floors[k]
      ? [
          `the particles end W₁ = ${formatNumber(w1)} away from the ${names[k + 1]}, whose halves are ${formatNumber(floors[k])} apart: ` +
            (choice.potential === "none" ? "more steps" : "more steps, or a weaker potential energy"),
        ]
      : [],
  );
}

/** Warnings of the library name options of the command; here they are controls. */
const inWords = (said: string): string => said.replace(/^--(potential|interaction)/, "potential energy");

/** Distances as they are while it learns: too many to have errors. */
function distanceNumbers({ choice, looks }: Shown): Quantity[] {
  const names = namesOf(choice);
  return looks[looks.length - 1].distances.map(({ w1 }, k) => ({
    name: `W₁ to the ${names[k + 1]}`,
    value: w1,
    note: "in units of the square",
  }));
}

/** Distances with errors over resamples of particles and points. */
function measured({ choice, training, looks, floors, moments }: Shown): Quantity[] {
  const names = namesOf(choice);
  const { distances } = looks[looks.length - 1];
  return choice.clouds.slice(1).flatMap((cloud, k) => {
    const errors = deviations(
      weighted(momentOf(moments, choice.clouds.length, k + 1)),
      { x: cloud },
      training.rng.fold("resamples").fold(k),
    );
    return [
      {
        name: `W₁ to the ${names[k + 1]}`,
        value: distances[k].w1,
        error: spread(errors.w1),
        note: `two halves of it are ${formatNumber(floors[k])} apart`,
      },
      { name: `W₂ to the ${names[k + 1]}`, value: distances[k].w2, error: spread(errors.w2), note: "in units of the square" },
    ];
  });
}

/** The least action: from both sides where the motion has no noise and no growth, and exactly where it is known. */
async function valued({ choice, training }: Shown, state: unknown): Promise<Quantity[]> {
  const { model, rng, prepared } = training;
  if (!model.value) return [];
  const unit = energyUnit(prepared);
  const { dual, error, primal, lower } = await model.value(state, rng.fold("value"), valueBatches);
  const note = "kinetic less potential energy, in squared units of the square";
  const known = choice.potential === "none" && (choice.kinetic === "ot" || choice.kinetic === "lines");
  return [
    { name: "action", value: dual * unit, error: error * unit, note },
    ...(lower === undefined ? [] : [{ name: "least action, from below", value: lower * unit, note: "an estimate of a bound" }]),
    ...(primal === undefined ? [] : [{ name: "least action, from above", value: primal * unit, note: "of the path that was found" }]),
    ...(known ? [{ name: "least action, exact", value: exactAction(training), note: "½ W₂² of neighbouring clouds" }] : []),
  ];
}

/** Σ ½ W₂² / T of neighbouring clouds that are learned from, T apart. */
const exactAction = ({ data: { snapshots, times }, split: { train } }: Training): number =>
  train
    .slice(1)
    .reduce((sum, k, i) => sum + optimalTransport(snapshots[train[i]], snapshots[k]).cost / 2 / (times[k] - times[train[i]]), 0);

/** The clouds as the command reads them, and where the particles of the first went. */
function filesOf({ times, snapshots }: Population, moments: readonly Moment[]): TakeAway[] {
  const coordinates = (clouds: readonly NdArray[], j: number): Float32Array =>
    Float32Array.from(clouds.flatMap((cloud) => toNumbers(cloud).filter((_, i) => i % 2 === j)));
  const each = <T>(of: readonly T[], size: (item: T) => number, value: (item: T, i: number) => number): Float64Array =>
    Float64Array.from(of.flatMap((item) => Array.from({ length: size(item) }, (_, i) => value(item, i))));
  const drawn = snapshots.map((cloud, k) => ({ time: times[k], size: cloud.shape[0] }));
  const rows = (m: Moment): number => m.cloud.shape[0];
  return [
    csvFile("clouds.csv", [
      {
        name: "time",
        values: each(
          drawn,
          (c) => c.size,
          (c) => c.time,
        ),
      },
      { name: "x", values: coordinates(snapshots, 0) },
      { name: "y", values: coordinates(snapshots, 1) },
    ]),
    csvFile("trajectories.csv", [
      { name: "particle", values: each(moments, rows, (_, i) => i) },
      { name: "time", values: each(moments, rows, (m) => m.time) },
      {
        name: "x",
        values: coordinates(
          moments.map((m) => m.cloud),
          0,
        ),
      },
      {
        name: "y",
        values: coordinates(
          moments.map((m) => m.cloud),
          1,
        ),
      },
      { name: "weight", values: each(moments, rows, (m, i) => Math.exp(m.logWeight.data[i])) },
    ]),
  ];
}
