/** Action matching: the action of a given path. Plain, entropic, unbalanced and both, for any convex cost, by one loss. */
import { item, type NdArray, type Random } from "../../array/index.ts";
import { type Arrays, jit, sign, type Tensor } from "../../tensor/index.ts";
import { type ActionOptions, type ActionParams, action, initAction } from "../lagrangian/action.ts";
import { exactLaplacian, freeMotion, type Lagrangian } from "../lagrangian/lagrangian.ts";
import { drawPath, type PathBatch } from "../paths/batch.ts";
import type { Path } from "../paths/path.ts";
import { type PathPoints, pathPoints } from "../paths/points.ts";
import { densityAtKnots, initTimeDensity, type TimeDensity, updateTimeDensity } from "../paths/times.ts";
import { actionDefaults, actionDynamics, endsOf } from "./action-model.ts";
import { labelledAction, meanValue } from "./action-value.ts";
import { actionLoss, flowLoss, type Loss, reversed } from "./losses.ts";
import { type Descending, type Descent, descent, type TrainOptions, trainDefaults, type ValuedModel } from "./model.ts";

/** The network, the loss and their training. */
export interface MatchOptions extends ActionOptions, TrainOptions {
  readonly lagrangian?: Lagrangian;
  /** "flow" uses the velocities of the path (less variance), "action" only its samples; default: flow, where there are velocities. */
  readonly objective?: "flow" | "action";
  /** "adaptive": times are drawn where the loss varies most. */
  readonly times?: "even" | "adaptive";
  /** w(t) of the weighted loss. */
  readonly weight?: (t: Tensor) => Tensor;
  /**
   * Learn the drift of the reversed process: particles move from the last snapshot to the first. For Lagrangians of noise and cost alone.
   */
  readonly backward?: boolean;
}

interface MatchState extends Descending<ActionParams> {
  readonly density?: TimeDensity<Tensor>;
}

/** A batch, and the normal noise whose signs probe the Laplacian. */
type Draws<T = NdArray> = PathBatch<T> & { readonly probe?: T };

/** All that decides a loss. */
interface Task
  extends Required<Pick<MatchOptions, "lagrangian" | "head" | "intervals" | "objective">>,
    Pick<MatchOptions, "weight" | "backward"> {
  readonly path: Path;
  readonly duration: number;
}

/**
 * Action matching on a path.
 *
 * @throws RangeError  for growth with a head that cannot represent it, the flow objective on a path without velocities, or growth or forces
 *                     backward
 */
export function matching(path: Path, options: MatchOptions = {}): ValuedModel<Arrays<MatchState>, ActionParams> {
  const o = { ...actionDefaults, ...trainDefaults, lagrangian: freeMotion, times: "even", ...options } as const;
  const { lagrangian: l, intervals, backward, threads } = o;
  const task: Task = {
    ...o,
    ...{ path, duration: path.times[path.times.length - 1] - path.times[0] },
    objective: options.objective ?? (path.options.shape === "mixture" ? "action" : "flow"),
    ...(o.weight && backward && { weight: (t: Tensor) => o.weight!(t.neg()) }),
  };
  refuse(task);
  const d = path.points.shape[1];
  const down = descent(o);
  const run = jit(matchStep(task, down), { threads });
  const evaluate = jit(matchValue(task), { threads });
  const probes = l.noise > 0 && d > exactLaplacian;
  const draw = (rng: Random, batch: number, density?: ArrayLike<number>): Draws => ({
    ...drawPath(path, rng, batch, density),
    ...(probes && { probe: rng.normal([batch, d]) }),
  });
  return {
    init(rng) {
      const state = down.init(initAction(rng, d, o));
      return o.times === "adaptive" ? { ...state, density: initTimeDensity() } : state;
    },
    async step(state, rng) {
      const batch = draw(rng, o.batch, state.density && densityAtKnots(state.density));
      const { loss, state: next } = await run(state, path.points, batch);
      return { state: next, metrics: { loss: item(loss) } };
    },
    average: (state) => state.average.average,
    dynamics(params, interval) {
      const forward = actionDynamics(l, action(params, o.head, interval));
      return backward ? { ...forward, drift: (t, x) => forward.drift(t, x).neg() } : forward;
    },
    noise: l.noise,
    ...(backward && { backward }),
    knots: intervals > 1 ? path.times : undefined,
    value: (state, rng, batches = 40) => meanValue(() => evaluate(state.average.average, path.points, draw(rng, 512)), batches),
  };
}

function refuse({ path, lagrangian: l, head, objective, backward }: Task): void {
  if (l.growth > 0 && head !== "scalar") throw new RangeError(`matching: the head "${head}" cannot represent growth`);
  if (objective === "flow" && path.options.shape === "mixture")
    throw new RangeError("matching: a mixture path has no velocities for the flow objective");
  if (backward && (l.growth > 0 || l.drift || l.potential || l.noiseShape))
    throw new RangeError("matching: backward in time there are no growth, drift and potential, and noise is constant");
}

/** The loss of an action at the points of a batch, in the form of the objective. */
function lossAt(task: Task, params: ActionParams, at: PathPoints, points: Tensor, batch: Draws<Tensor>): Loss {
  const { path, lagrangian: l, intervals, duration, weight } = task;
  const forward = {
    s: action(params, task.head, intervals > 1 ? batch.interval : undefined),
    sample: { ...at, t: batch.t, density: batch.density },
    ends: endsOf(path, points, batch, intervals > 1),
  };
  const { s, sample, ends } = task.backward ? reversed(forward.s, forward.sample, forward.ends) : forward;
  const settings = { duration, weight, probe: batch.probe && sign(batch.probe) };
  return task.objective === "flow"
    ? flowLoss(l, s, { ...sample, v: sample.v as Tensor }, settings)
    : actionLoss(l, s, sample, ends, settings);
}

/** A step of the training, as a program. */
const matchStep =
  (task: Task, down: Descent) =>
  (state: MatchState, points: Tensor, batch: Draws<Tensor>): { state: MatchState; loss: Tensor } => {
    const { path, duration } = task;
    const at = pathPoints(points, batch, path.options);
    const {
      state: next,
      loss,
      aux,
    } = down.step(state, (params: ActionParams): [Tensor, Tensor] => {
      const { loss, integrand } = lossAt(task, params, at, points, batch);
      return [loss, integrand];
    });
    if (!state.density) return { state: next, loss };
    const place = batch.t.sub(path.times[0]).div(duration);
    const integrand = batch.density ? aux.mul(batch.density.squeeze(1)) : aux;
    return { state: { ...next, density: updateTimeDensity(state.density, place, integrand) }, loss };
  };

/** The value of an action at a batch, as a program: by velocities where the path has them, without weights. */
const matchValue = (task: Task) => (params: ActionParams, points: Tensor, batch: Draws<Tensor>) => {
  const { path, lagrangian, duration } = task;
  const at = pathPoints(points, batch, path.options);
  const { loss } = lossAt({ ...task, objective: at.v ? "flow" : "action", weight: undefined }, params, at, points, batch);
  const energy = labelledAction(lagrangian, batch.t, at);
  return { dual: loss.neg(), ...(energy && { primal: energy.mean().mul(duration) }) };
};
