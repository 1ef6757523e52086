/** Optimizers that keep a preconditioner per tensor: the frame that all of them share. */

import { flatten, isArrayLeaf, leafPaths, type Shape, unflatten } from "../array/index.ts";
import { type Arrays, cond, equal, floor, fullPrecision, lowPrecision, type Tensor } from "../tensor/index.ts";
import { meanGradients, termsOf } from "./batch-size.ts";
import { type FinishOptions, finish, initVelocity } from "./finish.ts";
import type { Precision } from "./hyper.ts";
import { dtypeOf, type Optimizer, optimizer, type State, type StepContext, scalarArray } from "./optimizer.ts";
import { counted, type Rate, rateAt } from "./schedules.ts";
import type { Float } from "./structures/structure.ts";
import { leavesByPath, type Unit, type UnitOptions, unitsOf } from "./units.ts";

/** The step and the tensor that a preconditioner is asked about. */
export interface Moment {
  /** Steps before this one. */
  readonly step: Tensor;
  /** Terms of the mean that the loss is: examples, or tokens. */
  readonly batchSize: number | Tensor;
  /** Which tensor. */
  readonly path: string;
}

/** A preconditioner of one tensor. Its state S is a record of parts. */
export interface Preconditioner<S> {
  init(shape: Shape, dtype: Float, path: string): Arrays<S>;
  /** Whether the direction is that of the state as it was, before statistics and refreshing have seen the gradient. */
  readonly directionFirst?: boolean;
  /** Statistics, every step. */
  observe?(state: S, g: Tensor, at: Moment): S;
  /** Parts of the state that `refresh` replaces. */
  readonly refreshed?: readonly string[];
  /** The expensive part, every T steps. */
  refresh?(state: S, g: Tensor, at: Moment): Partial<S>;
  /** What the gradient becomes; may keep moments in the state. */
  direction(state: S, g: Tensor, at: Moment): { u: Tensor; state: S };
}

interface PreconditionedOptions extends FinishOptions, UnitOptions {
  /** T, from the first step on; or a program that says at which steps. */
  readonly every: Rate;
  readonly needsBatch: boolean;
  readonly lossAverage?: "batch" | "batch+sequence";
  readonly reduction?: "mean" | "sum";
  /** Rounding of everything the preconditioner computes and keeps. */
  readonly precision?: Precision;
}

/** Whether a step is one of every T. */
export const isDue = (every: Rate, step: Tensor): Tensor | true => {
  if (every === 1) return true;
  const rule = typeof every === "function" ? every : (step: Tensor) => equal(step.sub(floor(step.div(every)).mul(every)), 0);
  return fullPrecision(rule)(step);
};

/** A program of which every operation rounds. */
export const rounded = <A extends unknown[], R>(precision: Precision | undefined, f: (...args: A) => R): ((...args: A) => R) =>
  precision === "f16" || precision === "bf16" ? lowPrecision(precision, f) : f;

/** S is the state of the preconditioner of one tensor. */
type PreconditionedState<S> = {
  readonly step: Tensor;
  readonly factors: Readonly<Record<string, S>>;
  readonly velocity: State;
};

/** What the units of a step are asked with. */
interface Asked<S> {
  readonly own: Preconditioner<S>;
  readonly units: readonly Unit[];
  readonly g: Readonly<Record<string, Tensor>>;
  readonly at: (path: string) => Moment;
  readonly options: PreconditionedOptions;
}

/** States by path of the unit. */
type ByUnit<S> = Readonly<Record<string, S>>;

const eachUnit = <T>(units: readonly Unit[], f: (path: string) => T): Record<string, T> =>
  Object.fromEntries(units.map(({ path }) => [path, f(path)]));

/** States that have seen the gradients: statistics in every step, the expensive part where it is due. */
function renewed<S extends object>({ own, units, g, at, options }: Asked<S>, before: ByUnit<S>, step: Tensor): ByUnit<S> {
  const { observe, refresh, refreshed = [] } = own;
  const low = <A extends unknown[], R>(f: (...args: A) => R) => rounded(options.precision, f);
  const states = observe ? eachUnit(units, (path) => low(observe)(before[path], g[path], at(path))) : before;
  if (!refresh) return states;
  const pick = (state: Partial<S>) => Object.fromEntries(Object.entries(state).filter(([k]) => refreshed.includes(k))) as Partial<S>;
  const renew = ({ states, g }: { states: ByUnit<S>; g: ByUnit<Tensor> }) =>
    eachUnit(units, (path) => pick(low(refresh)(states[path], g[path], at(path))));
  const due = isDue(options.every, step);
  const fresh =
    due === true ? renew({ states, g }) : cond(due, renew, ({ states: s }) => eachUnit(units, (path) => pick(s[path])), { states, g });
  return eachUnit(units, (path) => ({ ...states[path], ...fresh[path] }));
}

/** What becomes of the gradients, by path of the parameter. */
function directed<S extends object>({ own, units, g, at, options }: Asked<S>, before: ByUnit<S>) {
  const directions = new Map<string, Tensor>();
  const states = eachUnit(units, (path) => {
    const result = rounded(options.precision, own.direction)(before[path], g[path], at(path));
    const unit = units.find((u) => u.path === path) as Unit;
    unit.split(result.u).forEach((u, i) => directions.set(unit.paths[i], u));
    return result.state;
  });
  return { directions, states };
}

/**
 * w ← w - η v,  v ← α v + u + κ w,  with u the direction that a preconditioner makes of the gradient of each unit (a tensor, or a weight
 * with its bias). Preconditioners are refreshed in steps 0, T, 2T, …, in a branch that costs nothing in the others.
 */
export function preconditioned<S extends object>(
  name: string,
  rate: Rate,
  own: Preconditioner<S>,
  options: PreconditionedOptions,
): Optimizer<PreconditionedState<S>> {
  return optimizer<PreconditionedState<S>>(
    (params) => ({
      step: scalarArray(0, params),
      factors: Object.fromEntries(unitsOf(params, options).map(({ path, shape }) => [path, own.init(shape, dtypeOf(params), path)])),
      velocity: initVelocity(params, options),
    }),
    <P>(grads: P, { step, factors, velocity }: PreconditionedState<S>, params: P, context: StepContext) => {
      const { needsBatch, reduction, lossAverage = "batch" } = options;
      const batchSize = termsOf(name, context, lossAverage, needsBatch || reduction === "sum");
      const units = unitsOf(grads, options);
      const leaves = leavesByPath<Tensor>(meanGradients(grads, batchSize, reduction ?? "mean"));
      const g = Object.fromEntries(units.map((u) => [u.path, u.join(u.paths.map((p) => leaves.get(p) as Tensor))]));
      const asked: Asked<S> = { own, units, g, at: (path) => ({ step, batchSize, path }), options };
      const start = own.directionFirst ? factors : renewed(asked, factors, step);
      const { directions, states } = directed(asked, start);
      const { structure } = flatten(grads, isArrayLeaf);
      const tree = unflatten(
        structure,
        leafPaths(structure).map((path) => directions.get(path)),
      );
      const done = finish(tree, params, velocity, rateAt(rate, step), options);
      const next = own.directionFirst ? renewed(asked, states, step) : states;
      return { updates: done.updates as P, state: { step: counted(step), factors: next, velocity: done.velocity } };
    },
  );
}
