/** Training on pictures: any method on any path, by one step. */
import { item, type Random, sizeOf } from "../../../array/index.ts";
import { type Arrays, jit, type Tensor } from "../../../tensor/index.ts";
import type { VectorField } from "../../lagrangian/lagrangian.ts";
import {
  type Descending,
  type Descent,
  type Dynamics,
  descent,
  type Trainable,
  type TrainOptions,
  trainDefaults,
} from "../../learning/model.ts";
import { densityAtKnots, initTimeDensity, type TimeDensity, updateTimeDensity } from "../../paths/times.ts";
import type { ImagePart, ImageProblem } from "../problem.ts";
import { drawPictures, drawTimes, type ImageBatch, samplesOf } from "./batch.ts";
import { type ImageMethod, type ImageMethodName, type ImageSetting, imageMethodOf } from "./methods.ts";
import { type ImageHead, type ImageNet, initImageNet, type NetForm, type NetOptions } from "./network.ts";

/** How pictures are learned. */
export interface ImageLearnOptions extends TrainOptions {
  readonly method?: ImageMethodName;
  readonly net?: Partial<NetOptions>;
  readonly head?: ImageHead;
  readonly noise?: number;
  readonly growth?: number;
  readonly objective?: "flow" | "action";
  /** "path": the weight of the path in the loss; "constant": 1. Scores and noises have weights of their own. */
  readonly weight?: "path" | "constant";
  readonly times?: "even" | "adaptive";
}

/** The usual training of pictures. */
export const imageDefaults = {
  ...trainDefaults,
  ...{ method: "am", net: { channels: [32, 64, 64], blocks: 1 }, head: "inner", noise: 0, growth: 0, objective: "flow", weight: "path" },
  ...{ times: "even", batch: 64, steps: 2000, learningRate: 1e-3, warmUp: 100, emaDecay: 0.995 },
} as const satisfies ImageLearnOptions;

interface ImageState<T = Tensor> extends Descending<ImageNet<T>, T> {
  readonly density?: TimeDensity<T>;
}

/** Parameters with what the network is told of the pictures that are moved. */
export interface Conditioned<T = Tensor> {
  readonly net: ImageNet<T>;
  readonly condition?: T;
}

/** A learner of pictures. What moves them takes parameters with conditions, which belong to the rows that are moved. */
export interface ImageModel extends Trainable<Arrays<ImageState>, ImageNet> {
  readonly setting: ImageSetting;
  readonly problem: ImageProblem;
  /** How pictures move in the time of the path, or for scores ∇ log q_t. */
  readonly dynamics?: (params: Conditioned) => Dynamics;
  readonly score?: (params: Conditioned) => VectorField;
  average(state: Arrays<ImageState>): Arrays<ImageNet>;
  /** The loss on held-out pictures, the same rows and draws at every step. */
  evaluate(state: Arrays<ImageState>): Promise<{ validationLoss: number }>;
}

/** All that decides losses and motions, of options. */
export function settingOf({ shape, task, schedule }: ImageProblem, options: ImageLearnOptions): ImageSetting {
  const { net, head, noise, growth, objective, weight, method } = { ...imageDefaults, ...options };
  const size = { ...imageDefaults.net, ...net };
  const form: NetForm = { shape, conditions: task.conditions(shape[0]), moves: task.moves, schedule, size };
  return {
    ...{ form, schedule, head, noise, growth, objective },
    weight: weight === "path" ? weightOf(method, task.restores, schedule) : undefined,
  };
}

/**
 * w(t): that of the path for actions and velocities, 1 - t for straight lines from noise; 1 for noises; (1 - t)² for scores.
 * @source  the published code of Neklyudov et al., ICML 2023
 */
function weightOf(method: ImageMethodName, restores: boolean, { weight, mix, clean }: ImageSetting["schedule"]): ImageSetting["weight"] {
  if (method === "dsm") return undefined;
  const straight = mix !== undefined && weight === undefined && clean === 1;
  if (method === "ssm") return mix && ((t) => mix.b(t).square());
  return straight && !restores ? (t) => t.neg().add(1) : weight;
}

/** Most held-out pictures that an evaluation takes. */
const evaluated = 128;

/** What draws a batch of some rows of a part. Bytes stand for their intervals where densities are learned. */
const drawsOf =
  (problem: ImageProblem, { noise, method }: Pick<Required<ImageLearnOptions>, "noise" | "method">) =>
  (part: ImagePart, rows: Int32Array, rng: Random, density?: ArrayLike<number>): ImageBatch => ({
    ...drawPictures(problem, part, rows, rng, !problem.task.restores),
    ...drawTimes(problem.schedule, rows.length, rng, density),
    ...((noise > 0 || method === "ssm") && { probe: rng.normal([rows.length, sizeOf(problem.shape)]) }),
  });

/** One step of training as a program. */
const stepOf =
  (problem: ImageProblem, setting: ImageSetting, { loss }: ImageMethod, down: Descent) =>
  (state: ImageState, batch: ImageBatch<Tensor>): { state: ImageState; loss: Tensor } => {
    const sample = samplesOf(problem, batch);
    const taken = down.step(state, (net: ImageNet): [Tensor, Tensor] => {
      const { loss: mean, integrand } = loss(net, sample, setting);
      return [mean, integrand];
    });
    if (!state.density) return { state: taken.state, loss: taken.loss };
    const { clean, spoilt } = problem.schedule;
    const place = batch.t.sub(Math.min(clean, spoilt)).div(Math.abs(clean - spoilt));
    const integrand = batch.density ? taken.aux.mul(batch.density.squeeze(1)) : taken.aux;
    return { state: { ...taken.state, density: updateTimeDensity(state.density, place, integrand) }, loss: taken.loss };
  };

/**
 * A training on pictures.
 * @param stream  gives evaluations their draws
 */
export function imageLearner(problem: ImageProblem, stream: Random, options: ImageLearnOptions = {}): ImageModel {
  const o = { ...imageDefaults, ...options };
  const { train, heldOut } = problem;
  const setting = settingOf(problem, o);
  const method = imageMethodOf(o.method);
  const { loss, dynamics, score } = method;
  const down = descent(o);
  const draw = drawsOf(problem, o);
  const run = jit(stepOf(problem, setting, method, down), { threads: o.threads, reuse: true });
  const evaluate = jit((net: ImageNet, batch: ImageBatch<Tensor>) => loss(net, samplesOf(problem, batch), setting).loss, {
    threads: o.threads,
  });
  const chosen = Int32Array.from({ length: Math.min(evaluated, heldOut.pixels.shape[0]) }, (_, i) => i);
  return {
    ...{ setting, problem },
    ...(dynamics && { dynamics: ({ net, condition }: Conditioned) => dynamics(net, setting, condition) }),
    ...(score && { score: ({ net, condition }: Conditioned) => score(net, setting, condition) }),
    init(rng) {
      const state = down.init(initImageNet(rng, setting.form, o.method !== "am" ? "field" : o.head === "scalar" ? "one" : "seen"));
      return o.times === "adaptive" ? { ...state, density: initTimeDensity() } : state;
    },
    async step(state, rng) {
      const rows = rng.integers(0, train.pixels.shape[0], [o.batch]).data;
      const batch = draw(train, rows, rng, state.density && densityAtKnots(state.density));
      const { state: next, loss: value } = await run(state, batch);
      return { state: next, metrics: { loss: item(value) } };
    },
    average: (state) => state.average.average,
    evaluate: async (state) => ({
      validationLoss: item(await evaluate(state.average.average, draw(heldOut, chosen, stream.fold("evaluation")))),
    }),
  };
}
