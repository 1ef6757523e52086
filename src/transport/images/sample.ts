/** Pictures made by a trained model: starts, their motion or Langevin dynamics, and what is known of them put back. */
import { item, type NdArray, ndarray, type Random } from "../../array/index.ts";
import { type Field, integrate } from "../../solve/index.ts";
import { type Arrays, constant, jit, type Tensor } from "../../tensor/index.ts";
import type { Dynamics } from "../learning/model.ts";
import { marched, rates, withWeights } from "../motion/rates.ts";
import { langevin } from "./langevin.ts";
import type { Conditioned, ImageModel } from "./learning/learner.ts";
import type { ImageNet } from "./learning/network.ts";
import { noisePieces } from "./noise-pieces.ts";
import type { Observation } from "./paths/tasks.ts";
import type { ImageProblem } from "./problem.ts";
import { toImages, toRows } from "./shape.ts";
import { type ImageSolver, imageSolver } from "./solvers.ts";

/** How pictures are made. */
export interface MakerOptions {
  /** Default: 25 steps of Heun. Models with noise take 100 steps of Euler and Maruyama, scores Langevin dynamics. */
  readonly solver?: ImageSolver;
  /** Some of the training part in [-1, 1], for paths whose starts are more than noise. */
  readonly pictures?: NdArray;
  readonly threads?: number;
}

/** What differs from call to call. */
export interface MakeOptions {
  readonly rng: Random;
  /** Pictures on the way that are kept besides the start, evenly in time; at least 1, the last is the picture. */
  readonly stages?: number;
  /** So much of the way is done. */
  readonly report?: (done: number, total: number) => void;
}

/** Made pictures. */
export interface Made {
  /** In [-1, 1] but for what goes astray, [n, C, H, W]. */
  readonly pictures: NdArray<"f32">;
  /** States on the way, the start first and the picture last. */
  readonly way: readonly NdArray<"f32">[];
  /** Of the velocity or the score, for each picture. */
  readonly evaluations: number;
  /** log w, [n]: 0 without growth. */
  readonly logWeight: NdArray<"f32">;
}

/** Makes pictures of what is seen of them, [n, …], from normal noise [n, C, H, W]. */
export type MakePictures = (net: Arrays<ImageNet>, seen: Observation<NdArray>, noise: NdArray, options: MakeOptions) => Promise<Made>;

/** Starts as rows, and what the network is told. */
function begin(
  { task, schedule }: ImageProblem,
  seen: Observation,
  noise: Tensor,
  pictures?: Tensor,
): { start: Tensor; condition?: Tensor } {
  const z = task.start(seen, noise);
  return { start: toRows(schedule.prior?.(z, pictures) ?? z), condition: task.condition?.(seen) };
}

/** Rows as pictures, with what is known of them. */
function finish({ task, schedule, shape }: ImageProblem, rows: Tensor, seen: Observation): Tensor {
  const x = toImages(rows, shape);
  const decoded = schedule.decode?.(x) ?? x;
  return task.consistent?.(decoded, seen) ?? decoded;
}

/** The whole way of a motion as a program: for files. */
export function makeAtOnce(model: ImageModel, net: ImageNet, seen: Observation, noise: Tensor, how: ImageSolver): Tensor {
  const { problem, dynamics } = model;
  if (!dynamics) throw new RangeError("makeAtOnce: scores have no motion");
  const { clean, spoilt } = problem.schedule;
  const { start, condition } = begin(problem, seen, noise);
  const { drift } = dynamics({ net, condition });
  const field: Field = (time, x) => drift(time.broadcastTo([x.shape[0], 1]), x);
  const times = constant(ndarray(Float32Array.of(spoilt, clean), [2], "f32"));
  return finish(problem, integrate(field, start, times, { ...how, save: "end" }).states, seen);
}

/** Ends of stages as numbers of steps, as even as whole steps allow: of 10 steps in 4 stages 3, 5, 8 and 10. */
const stageEnds = (steps: number, stages: number): number[] =>
  Array.from({ length: Math.min(steps, stages) }, (_, k) => Math.round((steps * (k + 1)) / Math.min(steps, stages)));

/** Steps of Euler and Maruyama, and hundredths of the way of Langevin dynamics, from start to picture. */
const noisySteps = 100;

/** Moves [x, log w] over so many of all steps. */
type Move = (
  params: Arrays<Conditioned>,
  y: NdArray,
  from: number,
  to: number,
  count: number,
  rng: Random,
) => Promise<{ y: NdArray; evaluations: number }>;

/** Moves without noise, compiled once a number of steps. */
function smoothMove(dynamics: (params: Conditioned) => Dynamics, how: ImageSolver, threads?: number): Move {
  const compile = (count: number) =>
    jit(
      (params: Conditioned, y: Tensor, times: Tensor) => {
        const control = "steps" in how.control ? { steps: count } : how.control;
        const { states, evaluations } = integrate(rates(dynamics(params)), y, times, { ...how, control, save: "end" });
        return { y: states, evaluations };
      },
      { threads },
    );
  const programs = new Map<number, ReturnType<typeof compile>>();
  return async (params, y, from, to, count) => {
    const program = programs.get(count) ?? compile(count);
    programs.set(count, program);
    const next = await program(params, y, ndarray(Float32Array.of(from, to), [2], "f32"));
    return { y: next.y, evaluations: item(next.evaluations) };
  };
}

function noisyMove(dynamics: (params: Conditioned) => Dynamics, threads?: number): Move {
  const march = jit((params: Conditioned, y: Tensor, time: Tensor, h: Tensor, z: Tensor) => marched(dynamics(params), y, time, h, z), {
    threads,
  });
  return async (params, start, from, to, count, rng) => {
    const [n, width] = start.shape;
    const h = (to - from) / count;
    let y = start;
    for (const { first, steps } of noisePieces(count, n * (width - 1)))
      y = await march(params, y, from + first * h, h, rng.normal([steps, n, width - 1]));
    return { y, evaluations: count };
  };
}

/** The motion of a model, and the number of steps that it takes from start to picture; absent: as many as the error asks for. */
function motionOf({ dynamics, score, setting }: ImageModel, solver: ImageSolver, threads?: number): { move: Move; steps?: number } {
  if (dynamics && setting.noise > 0) return { move: noisyMove(dynamics, threads), steps: noisySteps };
  if (dynamics) return { move: smoothMove(dynamics, solver, threads), ...("steps" in solver.control && { steps: solver.control.steps }) };
  if (score) return { move: langevin(score, threads), steps: noisySteps };
  throw new RangeError("pictureMaker: a model needs a motion or a score");
}

/** What makes pictures by a model; compiled once a shape. */
export function pictureMaker(model: ImageModel, options: MakerOptions = {}): MakePictures {
  const { problem } = model;
  const { solver = imageSolver("heun-25"), pictures: some, threads } = options;
  const { clean, spoilt } = problem.schedule;
  const { move, steps } = motionOf(model, solver, threads);
  const first = jit((seen: Observation, noise: Tensor, given: { some?: Tensor }) => {
    const { start, condition } = begin(problem, seen, noise, given.some);
    return { y: withWeights(start), ...(condition && { condition }) };
  });
  const last = jit((y: Tensor, seen: Observation) => ({ x: finish(problem, y.slice(null, [0, -1]), seen), w: y.slice(null, -1) }));
  return async (net, seen, noise, { stages = 1, rng, report }) => {
    const { y: start, condition } = await first(seen, noise, { ...(some && { some }) });
    const params = { net, ...(condition && { condition }) };
    const total = steps ?? stages;
    const at = (k: number): number => spoilt + ((clean - spoilt) * k) / total;
    // f32 and shapes as the programs make them, which the types of their results do not say
    const shown = async (y: NdArray) => (await last(y, seen)) as { x: NdArray<"f32">; w: NdArray<"f32"> };
    let [y, done, evaluations] = [start, 0, 0];
    const way = [await shown(y)];
    for (const end of stageEnds(total, stages)) {
      const next = await move(params, y, at(done), at(end), end - done, rng);
      [y, done, evaluations] = [next.y, end, evaluations + next.evaluations];
      way.push(await shown(y));
      report?.(done, total);
    }
    const made = way[way.length - 1];
    return { pictures: made.x, way: way.map(({ x }) => x), evaluations, logWeight: made.w };
  };
}
