/** Classifiers that an audit trains: targets with their defences, the evaluator, and the controls. */
import { ndarray, type Random } from "../../array/index.ts";
import { nearestRows, rowsOf } from "../../distances/index.ts";
import { UserError } from "../../errors.ts";
import { adam, cosine } from "../../optim/index.ts";
import { concat, logsumexp, type Tensor } from "../../tensor/index.ts";
import type { Classifier } from "../classifier.ts";
import { noiseFor } from "../defences/accountant.ts";
import { type Defence, forSteps, usualDefences } from "../defences/defence.ts";
import { type ClassifierState, type ClassifierTraining, classifierLearner, trainClassifier } from "../defences/learner.ts";
import { classifierNetwork, type NetworkOptions } from "../defences/network.ts";
import { outputsOnly, roundedOutputs, temperedOutputs, topOneOutputs } from "../defences/outputs.ts";
import { evaluatorNoise, evaluatorOptions, randomLabels } from "../defences/roles.ts";
import { privacyStatement } from "../defences/statement.ts";
import type { Labelled } from "../labelled.ts";
import { ofClass } from "../metrics/rows.ts";
import type { Material } from "./material.ts";

/** A classifier that was trained, and what is to be said of it. */
export interface Trained {
  readonly classifier: Classifier;
  /** On the test part. */
  readonly accuracy: number;
  readonly notes: readonly string[];
}

/** What a training sees of the material. */
type Private = Pick<Material, "input" | "classes" | "train" | "test" | "scaling"> & Partial<Pick<Material, "publicRows" | "publicClasses">>;

/** How the classifiers are trained. */
export interface TargetOptions {
  readonly kind: "mlp" | "conv";
  readonly widths: readonly number[];
  readonly steps: number;
  readonly batch: number;
  readonly rate: number;
  /** ε at which `private` aims. */
  readonly epsilon: number;
}

/** Defences of a training, and of outputs. */
export const trainedDefences = [
  "none",
  "label-smoothing",
  "negative-smoothing",
  "bottleneck",
  "hsic",
  "coco",
  "transfer",
  "private",
] as const;
export const outputDefences = ["rounded", "top-one", "tempered"] as const;
export type TrainedDefence = (typeof trainedDefences)[number];
type OutputDefence = (typeof outputDefences)[number];
export type DefenceName = TrainedDefence | OutputDefence;

/** Decimals, and temperature, of the defences of outputs. */
const [decimals, temperature] = [1, 5];

/** Batches of kernels are small: they are solved as a whole. */
const kernelBatch = 32;

const networkOf = ({ input, classes, scaling }: Private, { kind, widths }: TargetOptions): NetworkOptions => ({
  ...{ input, classes: classes.length, kind, widths, scaling },
});

/** Whether a defence only changes what a classifier says. */
export const isOutputDefence = (name: string): name is OutputDefence => outputDefences.some((other) => other === name);

/** A classifier that says less of what it knows. */
export function withOutputDefence(plain: Trained, name: OutputDefence): Trained {
  const { classifier } = plain;
  const made = {
    rounded: () => roundedOutputs(classifier, decimals),
    "top-one": () => topOneOutputs(classifier),
    tempered: () => temperedOutputs(classifier, temperature),
  };
  return { ...plain, classifier: made[name](), notes: [`${name}: ${outputsOnly}`] };
}

/** The target, trained with a defence. */
export async function defendedTarget(
  material: Private,
  name: TrainedDefence,
  options: TargetOptions,
  rng: Random,
  watch: () => void,
): Promise<Trained> {
  const { steps, batch, rate, epsilon } = options;
  const network = { ...networkOf(material, options), ...(name === "bottleneck" && { code: 32 }) };
  const { train, test } = material;
  if (name === "transfer") return transferred(material, network, options, rng, watch);
  const usual: Defence = forSteps(usualDefences[name], steps);
  const records = train.y.length;
  const batchSize = Math.min(name === "hsic" || name === "coco" ? kernelBatch : batch, records);
  const delta = 1 / (10 * records);
  const sigma = name === "private" ? noiseFor(epsilon, { rate: batchSize / records, steps }, delta) : 0;
  const defence: Defence = usual.kind === "private" ? { ...usual, sigma } : usual;
  const { classifier, accuracy } = await learned(network, train, test, { defence, batchSize, steps, rate }, rng, watch, name);
  const notes = defence.kind === "private" ? [privacyStatement({ records, batchSize, steps, clip: defence.clip, sigma, delta }).text] : [];
  return { classifier: { ...classifier, classes: material.classes }, accuracy, notes };
}

interface Plan {
  readonly defence: Defence;
  readonly batchSize: number;
  readonly steps: number;
  readonly rate: number;
  readonly noise?: number;
  readonly start?: ClassifierTraining["start"];
}

async function learned(options: NetworkOptions, train: Labelled, test: Labelled, plan: Plan, rng: Random, watch: () => void, name: string) {
  const { steps, rate, ...training } = plan;
  const network = classifierNetwork(options);
  const learner = classifierLearner(network, train, test, rng.fold("order"), { ...training, optimizer: adam(cosine(rate, steps)) });
  const step = (state: ClassifierState, stream: Random) => {
    watch();
    return learner.step(state, stream);
  };
  const watched = { ...learner, step };
  const { state, score } = await trainClassifier(watched, steps, rng.fold("train"));
  const classes = Array.from({ length: options.classes }, (_, k) => String(k));
  return { state, classifier: learner.classifier(state, name, classes), accuracy: score.accuracy };
}

/** The first block learns from the public classes and stays; the rest from the private ones. */
async function transferred(
  material: Private,
  network: NetworkOptions,
  options: TargetOptions,
  rng: Random,
  watch: () => void,
): Promise<Trained> {
  const { publicRows, publicClasses: y, train, test, classes } = material;
  if (!y || !publicRows)
    throw new UserError("transfer learning begins with labelled public data, and these have no classes", "leave the defence transfer out");
  const { steps, batch: batchSize, rate } = options;
  const known = { x: publicRows, y };
  const plan: Plan = { defence: usualDefences.none, batchSize: Math.min(batchSize, y.length), steps, rate };
  const count = y.reduce((most, c) => Math.max(most, c), 0) + 1;
  const before = await learned({ ...network, classes: Math.max(2, count) }, known, known, plan, rng.fold("public"), watch, "public");
  const start = { params: before.state.params, frozen: 1 };
  const after = await learned(
    network,
    train,
    test,
    { ...plan, batchSize: Math.min(batchSize, train.y.length), start },
    rng,
    watch,
    "transfer",
  );
  return { classifier: { ...after.classifier, classes }, accuracy: after.accuracy, notes: [] };
}

/** Rows of several parts, one after another. */
export function joinedRows(...parts: readonly Labelled[]): Labelled {
  const D = parts[0].x.shape[1];
  const x = new Float32Array(parts.reduce((sum, p) => sum + p.x.data.length, 0));
  let at = 0;
  for (const part of parts) {
    x.set(part.x.data, at);
    at += part.x.data.length;
  }
  return { x: ndarray(x, [x.length / D, D], "f32"), y: Int32Array.from(parts.flatMap(({ y }) => [...y])) };
}

/** Who judges: another network, trained with noise on all private data but the test part. */
export async function trainEvaluator(material: Material, options: TargetOptions, rng: Random, watch: () => void): Promise<Trained> {
  const { train, heldOut, test, classes } = material;
  const network = evaluatorOptions(networkOf(material, options));
  const rows = heldOut ? joinedRows(train, heldOut) : train;
  const plan = { defence: usualDefences.none, batchSize: Math.min(64, rows.y.length), steps: 2 * options.steps, rate: options.rate };
  // noise in units of pixels; features differ in scale, and are not disturbed
  const noise = material.input.length === 3 ? evaluatorNoise : undefined;
  const { classifier, accuracy } = await learned(network, rows, test, { ...plan, noise }, rng, watch, "evaluator");
  return { classifier: { ...classifier, classes }, accuracy, notes: [] };
}

/** A model of the target's kind that knows the rows and nothing of their classes. */
export async function randomLabelControl(material: Material, options: TargetOptions, rng: Random, watch: () => void): Promise<Trained> {
  const shuffled = randomLabels(material.train, rng.fold("labels"));
  return controlOf(material, shuffled, options, rng, watch, "random labels");
}

/** Public rows that stand for a class: as many as it has items, and at most this share of all. */
const mostLookAlikes = 0.1;
/** Classes for which a model each is trained; of more, one model has look-alikes for all of them. */
const mostModels = 20;

/**
 * What the looks of a class give away: for every class a model of the target's kind, trained as the target was but that this class's items
 * are the public rows nearest to them. Together they are one classifier, whose logit of a class is the log odds by the class's own model.
 */
export async function lookAlikeControl(material: Material, options: TargetOptions, rng: Random, watch: () => void): Promise<Trained> {
  const { train, publicRows, classes } = material;
  const most = Math.max(1, Math.floor(mostLookAlikes * publicRows.shape[0]));
  const alike = await Promise.all(
    classes.map(async (_, c): Promise<Labelled> => {
      const items = ofClass(train, c);
      const { squares } = await nearestRows(publicRows, items, 1);
      const order = Array.from(squares.keys()).sort((a, b) => squares[a] - squares[b]);
      const chosen = order.slice(0, Math.min(most, items.shape[0]));
      return { x: rowsOf(publicRows, chosen), y: new Int32Array(chosen.length).fill(c) };
    }),
  );
  if (classes.length > mostModels) {
    const note = `look-alikes: with ${classes.length} classes one model has look-alikes for all of them, instead of one model a class`;
    return { ...(await controlOf(material, joinedRows(...alike), options, rng, watch, "look-alikes")), notes: [note] };
  }
  const models: Trained[] = [];
  for (const c of classes.keys()) {
    const others = rowsWithout(train, c);
    models.push(await controlOf(material, joinedRows(others, alike[c]), options, rng.fold(c), watch, "look-alikes"));
  }
  const classifiers = models.map((m) => m.classifier);
  return {
    classifier: { ...classifiers[0], features: undefined, logits: (x) => logOdds(classifiers.map((m) => m.logits(x))) },
    accuracy: models.reduce((sum, m) => sum + m.accuracy / models.length, 0),
    notes: ["accuracy: mean over the models of its classes"],
  };
}

const rowsWithout = ({ x, y }: Labelled, c: number): Labelled => {
  const rows = Array.from(y.keys()).filter((i) => y[i] !== c);
  return { x: rowsOf(x, rows), y: Int32Array.from(rows, (row) => y[row]) };
};

/** Column c: log p_c(c|x) - log(1 - p_c(c|x)) of the c-th model. */
function logOdds(logits: readonly Tensor[]): Tensor {
  const columns = logits.map((l, c) => {
    const others = [...(c > 0 ? [l.slice(null, [0, c])] : []), ...(c + 1 < l.shape[1] ? [l.slice(null, [c + 1, l.shape[1]])] : [])];
    return l.slice(null, [c, c + 1]).sub(logsumexp(others.length > 1 ? concat(others, 1) : others[0], -1, true));
  });
  return concat(columns, 1);
}

async function controlOf(
  material: Material,
  data: Labelled,
  options: TargetOptions,
  rng: Random,
  watch: () => void,
  name: string,
): Promise<Trained> {
  const { steps, batch, rate } = options;
  const plan: Plan = { defence: usualDefences.none, batchSize: Math.min(batch, data.y.length), steps, rate };
  const { classifier, accuracy } = await learned(networkOf(material, options), data, material.test, plan, rng, watch, name);
  return { classifier: { ...classifier, classes: material.classes }, accuracy, notes: [] };
}
