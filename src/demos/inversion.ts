/**
 * What a classifier of digits gives away: it is trained here on digits 5 to 9, then posteriors over codes of a generator that knows only digits
 * 0 to 4 are fitted to each of its classes. A second network, with other training digits, says what came out.
 */
import { type NdArray, ndarray, type Random, randomStream, readSafetensors, toNumbers } from "../array/index.ts";
import type { Classifier } from "../inversion/classifier.ts";
import { type Defence, forSteps, usualDefences } from "../inversion/defences/defence.ts";
import { type ClassifierTraining, classifierLearner } from "../inversion/defences/learner.ts";
import { classifierNetwork, type NetworkOptions } from "../inversion/defences/network.ts";
import { evaluatorNoise, evaluatorOptions } from "../inversion/defences/roles.ts";
import { familyOf } from "../inversion/families/index.ts";
import { type FitMetrics, fitting } from "../inversion/fit.ts";
import type { Labelled } from "../inversion/labelled.ts";
import { type AttackAccuracy, attackAccuracy } from "../inversion/metrics/accuracy.ts";
import type { Inversion } from "../inversion/objective.ts";
import { componentsPrior } from "../inversion/pca.ts";
import { drawInputs } from "../inversion/samples.ts";
import { adam, cosine } from "../optim/index.ts";
import type { Demo, Frame, Panel, TakeAway } from "./demo.ts";
import { choice, form } from "./form.ts";
import { running } from "./running.ts";

const defences = { none: "none", "label-smoothing": "label smoothing", "negative-smoothing": "negative smoothing" };

const { controls, read } = form({
  gamma: choice({
    label: "Temper γ",
    choices: { "1": "1 (the posterior of Bayes)", "0.1": "0.1", "0.01": "0.01", "0.001": "0.001 (where the classifier is surest)" },
    value: "0.01",
    help: "Small γ follows the classifier, large γ what digits look like.",
  }),
  defence: choice({ label: "Defence", choices: defences, value: "none", help: "How the classifier was trained so as to say less." }),
});

/** Names of the private classes; side of a picture; digits of a class in each part of the file. */
const names = ["5", "6", "7", "8", "9"];
const [side, ofEach] = [14, 200];
const input = [1, side, side];
/** Principal components of the public digits; hidden units of the target. */
const [latent, width] = [24, 64];
/** Steps of the trainings and of the fit; of each, between two pictures; rate of Adam. */
const [trainSteps, fitSteps, trainStride, fitStride, rate] = [300, 400, 60, 20, 3e-3];
/** Samples of a class that are shown, and that are judged. */
const [shown, judged] = [8, 100];

export const inversion: Demo = {
  name: "inversion",
  docs: "audit.md",
  controls,
  command: (settings) => {
    const { gamma, defence } = read(settings);
    return `pushforward audit --data digits --attacks vmi:${gamma}${defence === "none" ? "" : ` --defences ${defence}`}`;
  },
  async start(settings, seed, assets) {
    const { gamma, defence } = read(settings);
    const material = digitsOf(await assets("digits.safetensors"));
    const story: Story = { training: { target: [], evaluator: [] }, fit: [] };
    return running(frames(story, material, Number(gamma), usualDefences[defence], randomStream(seed).fold("inversion")), () =>
      filesOf(story),
    );
  },
};

/** Rows of private digits for the target and for the evaluator, and public ones. */
interface Digits {
  readonly target: Labelled;
  readonly evaluator: Labelled;
  readonly publicRows: NdArray<"f32">;
}

/** What has happened so far. */
interface Story {
  /** Losses of the two trainings, by step. */
  readonly training: { readonly target: (readonly [number, number])[]; readonly evaluator: (readonly [number, number])[] };
  readonly fit: (FitMetrics & { readonly step: number })[];
  accuracy?: { target: number; evaluator?: number };
  /** [5, n, 196] */
  samples?: NdArray<"f32">;
  verdict?: AttackAccuracy;
}

/** Of the file that the page has: x [n, 196] in bytes, y [n]; first the target's digits, then the evaluator's, then public ones. */
function digitsOf(bytes: Uint8Array): Digits {
  const { x, y } = readSafetensors(bytes).tensors;
  const pixels = side * side;
  const rows = (from: number, to: number): NdArray<"f32"> =>
    ndarray(
      Float32Array.from(toNumbers(x).slice(from * pixels, to * pixels), (v) => v / 255),
      [to - from, pixels],
      "f32",
    );
  const own = names.length * ofEach;
  const labelled = (from: number): Labelled => ({
    x: rows(from, from + own),
    y: Int32Array.from(toNumbers(y).slice(from, from + own), (digit) => digit - 5),
  });
  return { target: labelled(0), evaluator: labelled(own), publicRows: rows(2 * own, x.shape[0]) };
}

async function* frames(story: Story, material: Digits, gamma: number, defence: Defence, rng: Random): AsyncGenerator<Frame, void> {
  const { target: own, evaluator: others, publicRows } = material;
  const network: NetworkOptions = { input, classes: names.length, kind: "mlp", widths: [width] };
  const target = trained(story, "target", network, own, others, { defence: forSteps(defence, trainSteps) }, rng.fold("target"));
  const attacked = yield* target;
  const { prior } = await componentsPrior(publicRows, input, latent, rng.fold("prior"));
  const goals = names.map((_, c) => ({ target: c, gamma }));
  const problem: Inversion = { family: familyOf("gaussian", latent, rng.fold("family")), prior, classifier: attacked, goals };
  const fit = fitting(problem, { draws: 8, candidates: 500, window: 50 });
  let state = await fit.init(rng.fold("init"));
  const stream = rng.fold("steps");
  for (let step = 1; step <= fitSteps && !fit.done(state); step++) {
    const next = await fit.step(state, stream);
    state = next.state;
    story.fit.push({ ...next.metrics, step });
    if (step % fitStride !== 0) continue;
    story.samples = (await drawInputs(problem, fit.result(state), shown, rng.fold("shown"))).inputs;
    yield frameOf(story, `fitting posteriors, step ${step} of ${fitSteps}`);
  }
  const { inputs } = await drawInputs(problem, fit.result(state), judged, rng.fold("judged"));
  // the evaluator's own test is on digits of the target, which it has not seen
  const judge = yield* trained(
    story,
    "evaluator",
    evaluatorOptions(network),
    others,
    own,
    { noise: evaluatorNoise },
    rng.fold("evaluator"),
  );
  const rows = names.length * judged;
  const samples = {
    x: ndarray(inputs.data, [rows, side * side], "f32"),
    y: Int32Array.from({ length: rows }, (_, i) => Math.floor(i / judged)),
  };
  story.verdict = await attackAccuracy(judge)(samples);
  yield frameOf(story, "done");
}

/** Trains a network, a frame now and then; returns it as a classifier. */
async function* trained(
  story: Story,
  who: "target" | "evaluator",
  options: NetworkOptions,
  data: Labelled,
  test: Labelled,
  { defence = usualDefences.none, noise }: Partial<Pick<ClassifierTraining, "defence" | "noise">>,
  rng: Random,
): AsyncGenerator<Frame, Classifier> {
  const training = { optimizer: adam(cosine(rate, trainSteps)), batchSize: 64, defence, noise };
  const learner = classifierLearner(classifierNetwork(options), data, test, rng.fold("order"), training);
  let state = learner.init(rng.fold("init"));
  for (let step = 1; step <= trainSteps; step++) {
    const next = await learner.step(state, rng.fold(step));
    state = next.state;
    story.training[who].push([step, next.metrics.loss]);
    if (step % trainStride === 0) yield frameOf(story, `training the ${who}, step ${step} of ${trainSteps}`);
  }
  const { accuracy } = await learner.evaluate(state);
  story.accuracy = { target: accuracy, ...story.accuracy, [who]: accuracy };
  return learner.classifier(state, who, names);
}

const all = 2 * trainSteps + fitSteps;

function frameOf(story: Story, label: string): Frame {
  const { training, fit, accuracy, verdict } = story;
  const last = fit.at(-1);
  const done = training.target.length + training.evaluator.length + fit.length;
  return {
    progress: verdict ? 1 : done / all,
    label,
    cautions: verdict ? cautionsOf(verdict) : [],
    numbers: [
      ...(accuracy ? [{ name: "accuracy of the classifier", value: accuracy.target, note: "on digits that it has not seen" }] : []),
      ...(accuracy?.evaluator === undefined ? [] : [{ name: "accuracy of the evaluator", value: accuracy.evaluator }]),
      ...(last?.accuracy === undefined
        ? []
        : [{ name: "taken for the class by the classifier", value: last.accuracy, note: "share of the samples" }]),
      ...(last?.kl === undefined ? [] : [{ name: "distance from the prior", value: last.kl, note: "nats, mean over the classes" }]),
      ...(verdict
        ? [
            { name: "taken for the class by the evaluator", value: verdict.top1.mean.value, note: rangeText(verdict.top1.mean) },
            { name: "by chance", value: 1 / names.length },
          ]
        : []),
    ],
    panels: [...(story.samples ? [picturesPanel(story.samples)] : []), lossesPanel(story), ...(verdict ? [classesPanel(verdict)] : [])],
  };
}

const rangeText = ({ low, high }: { readonly low: number; readonly high: number }): string =>
  `95 %: ${low.toFixed(2)} to ${high.toFixed(2)}`;

/** An evaluator alone is no evidence of more than looks. */
const cautionsOf = ({ top1 }: AttackAccuracy): string[] => [
  "That samples are taken for a class says what the class looks like, not that a training item was found: on digits, models that never saw a class reach nearly as much. The command measures that with controls, and grades it.",
  ...(top1.mean.low <= 1 / names.length ? ["No more than chance: nothing of the private classes was found with these settings."] : []),
];

const picturesPanel = ({ data, shape: [J, n] }: NdArray<"f32">): Panel => ({
  kind: "images",
  title: "Samples of each class",
  ...{ width: side, height: side, channels: 1, columns: n, blurred: true },
  pixels: Uint8Array.from(data, (v) => Math.round(255 * Math.min(1, Math.max(0, v)))),
  captions: Array.from({ length: J * n }, (_, i) => (i % n === 0 ? `class ${names[i / n]}` : "")),
});

function lossesPanel({ training, fit }: Story): Panel {
  const curve = (label: string, color: number, points: readonly (readonly [number, number])[]) => ({
    ...{ label, color, x: points.map(([step]) => step), y: points.map(([, loss]) => loss) },
  });
  const points = fit.flatMap(({ step, nll }): [number, number][] => (nll === undefined ? [] : [[step, nll]]));
  const series = [
    curve("classifier", 9, training.target),
    curve("-log p(class) of the samples", 0, points),
    curve("evaluator", 3, training.evaluator),
  ];
  return {
    kind: "curves",
    title: "Losses by step",
    xLabel: "step",
    yLabel: "nats",
    series: series.filter(({ x }) => x.length > 0),
  };
}

const classesPanel = ({ top1 }: AttackAccuracy): Panel => ({
  kind: "table",
  title: "Samples taken for their class by the evaluator",
  columns: ["class", "share", "95 % interval"],
  rows: top1.classes.map((c) => [names[c.class], c.value.toFixed(2), `${c.low.toFixed(2)} to ${c.high.toFixed(2)}`]),
});

function filesOf({ verdict, fit }: Story): TakeAway[] {
  if (!verdict) return [];
  const text = JSON.stringify(
    { classes: verdict.top1.classes.map((c) => ({ ...c, class: names[c.class] })), fit: fit.at(-1) },
    undefined,
    2,
  );
  return [{ name: "inversion.json", type: "application/json", bytes: new TextEncoder().encode(`${text}\n`) }];
}
