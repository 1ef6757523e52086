/** Action matching: the action of a given path. Plain, entropic, unbalanced and both, for any convex cost, by one loss. */
import { item, type NdArray, type Random } from "../../array/index.ts";
import { type Arrays, jit, sign, type Tensor, take } from "../../tensor/index.ts";
import { type Action, type ActionOptions, type ActionParams, action, initAction } from "../lagrangian/action.ts";
import { exactLaplacian, freeMotion, type Lagrangian, velocity } from "../lagrangian/lagrangian.ts";
import { drawPath, type PathBatch } from "../paths/batch.ts";
import { growing, type Path } from "../paths/path.ts";
import { type PathPoints, pathPoints } from "../paths/points.ts";
import { densityAtKnots, initTimeDensity, type TimeDensity, updateTimeDensity } from "../paths/times.ts";
import { actionLoss, flowLoss, type PathEnds, reversed } from "./losses.ts";
import { type Descending, type Dynamics, descent, type TrainOptions, trainDefaults, type ValuedModel } from "./model.ts";
import { labelledAction, meanValue } from "./value.ts";

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

/** The parts of an action's training that a path with several intervals needs. */
export const actionDefaults = { layers: 3, width: 128, head: "scalar", intervals: 1 } as const satisfies ActionOptions;

interface MatchState extends Descending<ActionParams> {
  readonly density?: TimeDensity<Tensor>;
}

/**
 * Action matching on a path.
 *
 * @throws RangeError  for growth with a head that cannot represent it, the flow objective on a path without velocities, or growth or forces
 *                     backward
 */
export function matching(path: Path, options: MatchOptions = {}): ValuedModel<Arrays<MatchState>, ActionParams> {
  const o = { ...actionDefaults, ...trainDefaults, lagrangian: freeMotion, times: "even", ...options } as const;
  const { lagrangian: l, intervals } = o;
  const objective = options.objective ?? (path.options.shape === "mixture" ? "action" : "flow");
  if (l.growth > 0 && o.head !== "scalar") throw new RangeError(`matching: the head "${o.head}" cannot represent growth`);
  if (objective === "flow" && path.options.shape === "mixture")
    throw new RangeError("matching: a mixture path has no velocities for the flow objective");
  if (o.backward && (l.growth > 0 || l.drift || l.potential))
    throw new RangeError("matching: backward in time there are no growth, drift and potential");
  const d = path.points.shape[1];
  const duration = path.times[path.times.length - 1] - path.times[0];
  const down = descent(o);
  const adaptive = o.times === "adaptive";

  const { backward } = o;
  const weight = o.weight && backward ? (t: Tensor): Tensor => o.weight!(t.neg()) : o.weight;
  /** The loss of an action at the points of a batch, in the form wanted. */
  const lossAt = (params: ActionParams, at: PathPoints, points: Tensor, batch: Draws<Tensor>, form: string, w: typeof weight) => {
    const forward = {
      s: action(params, o.head, intervals > 1 ? batch.interval : undefined),
      sample: { ...at, t: batch.t, density: batch.density },
      ends: endsOf(path, points, batch, intervals > 1),
    };
    const { s, sample, ends } = backward ? reversed(forward.s, forward.sample, forward.ends) : forward;
    const settings = { duration, weight: w, probe: batch.probe && sign(batch.probe) };
    return form === "flow" ? flowLoss(l, s, { ...sample, v: sample.v as Tensor }, settings) : actionLoss(l, s, sample, ends, settings);
  };

  const program = (state: MatchState, points: Tensor, batch: Draws<Tensor>): { state: MatchState; loss: Tensor } => {
    const at = pathPoints(points, batch, path.options);
    const lossOf = (params: ActionParams): [Tensor, Tensor] => {
      const { loss, integrand } = lossAt(params, at, points, batch, objective, weight);
      return [loss, integrand];
    };
    const { state: next, loss, aux } = down.step(state, lossOf);
    if (!state.density) return { state: next, loss };
    const place = batch.t.sub(path.times[0]).div(duration);
    const integrand = batch.density ? aux.mul(batch.density.squeeze(1)) : aux;
    return { state: { ...next, density: updateTimeDensity(state.density, place, integrand) }, loss };
  };
  const run = jit(program, { threads: o.threads });
  const evaluate = jit(
    (params: ActionParams, points: Tensor, batch: Draws<Tensor>) => {
      const at = pathPoints(points, batch, path.options);
      const { loss } = lossAt(params, at, points, batch, at.v ? "flow" : "action", undefined);
      const energy = labelledAction(l, batch.t, at);
      return { dual: loss.neg(), ...(energy && { primal: energy.mean().mul(duration) }) };
    },
    { threads: o.threads },
  );
  const probes = l.noise > 0 && d > exactLaplacian;
  const draw = (rng: Random, batch: number, density?: ArrayLike<number>): Draws => ({
    ...drawPath(path, rng, batch, density),
    ...(probes && { probe: rng.normal([batch, d]) }),
  });
  return {
    init(rng) {
      const state = down.init(initAction(rng, d, o));
      return adaptive ? { ...state, density: initTimeDensity() } : state;
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

/** A batch, and the normal noise whose signs probe the Laplacian. */
type Draws<T = NdArray> = PathBatch<T> & { readonly probe?: T };

/** The motion of an action. */
export const actionDynamics = (l: Lagrangian, s: Action): Dynamics => ({
  drift: velocity(s, l),
  noise: l.noise,
  ...(l.growth > 0 && { growth: (t: Tensor, x: Tensor) => s(t, x).mul(l.growth) }),
  action: s,
});

/**
 * Boundary samples of the action form. One action for all times: the first and the last snapshot. An action for each interval: both ends of
 * the sample's own interval, times the inverse of its probability.
 */
export function endsOf(path: Path, points: Tensor, batch: PathBatch<Tensor>, perInterval: boolean): PathEnds {
  const { times, masses } = path;
  const last = times.length - 1;
  const column = (value: number): Tensor => batch.t.mul(0).add(value);
  if (perInterval) {
    const start = batch.t.sub(batch.u.mul(batch.gap));
    const chance = batch.density ? batch.gap.mul(batch.density) : batch.gap;
    return {
      ...{ t0: start, x0: take(points, batch.from), t1: start.add(batch.gap), x1: take(points, batch.to) },
      ...{ mass0: batch.mass0, mass1: batch.mass1, factor: column(times[last] - times[0]).div(chance) },
    };
  }
  const grown = growing(path) && { mass0: column(1), mass1: column(masses[last]) };
  return { t0: column(times[0]), x0: take(points, batch.first), t1: column(times[last]), x1: take(points, batch.last), ...grown };
}
