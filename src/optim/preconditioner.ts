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

/**
 * w ← w - η v,  v ← α v + u + κ w,  with u the direction that a preconditioner makes of the gradient of each unit (a tensor, or a weight
 * with its bias). Preconditioners are refreshed in steps 0, T, 2T, …, in a branch that costs nothing in the others.
 */
export function preconditioned<S extends object>(
  name: string,
  rate: Rate,
  { init, observe, refresh, refreshed = [], direction }: Preconditioner<S>,
  options: PreconditionedOptions,
): Optimizer<PreconditionedState<S>> {
  return optimizer<PreconditionedState<S>>(
    (params) => ({
      step: scalarArray(0, params),
      factors: Object.fromEntries(unitsOf(params, options).map(({ path, shape }) => [path, init(shape, dtypeOf(params), path)])),
      velocity: initVelocity(params, options),
    }),
    <P>(grads: P, { step, factors, velocity }: PreconditionedState<S>, params: P, context: StepContext) => {
      const { needsBatch, reduction, lossAverage = "batch" } = options;
      const batchSize = termsOf(name, context, lossAverage, needsBatch || reduction === "sum");
      const at = (path: string): Moment => ({ step, batchSize, path });
      const units = unitsOf(grads, options);
      const leaves = leavesByPath<Tensor>(meanGradients(grads, batchSize, reduction ?? "mean"));
      const g = Object.fromEntries(units.map((u) => [u.path, u.join(u.paths.map((p) => leaves.get(p) as Tensor))]));
      const each = <T>(f: (path: string) => T): Record<string, T> => Object.fromEntries(units.map(({ path }) => [path, f(path)]));
      const low = <A extends unknown[], R>(f: (...args: A) => R) => rounded(options.precision, f);
      let states: Record<string, S> = { ...factors };
      if (observe) states = each((path) => low(observe)(states[path], g[path], at(path)));
      if (refresh) {
        const renew = ({ states, g }: { states: Record<string, S>; g: Record<string, Tensor> }) =>
          each((path) => low(refresh)(states[path], g[path], at(path)));
        const pick = (state: S) => Object.fromEntries(Object.entries(state).filter(([k]) => refreshed.includes(k))) as Partial<S>;
        const due = isDue(options.every, step);
        const fresh =
          due === true
            ? renew({ states, g })
            : cond(
                due,
                (o) => renew(o),
                ({ states: s }) => each((path) => pick(s[path])),
                { states, g },
              );
        states = each((path) => ({ ...states[path], ...fresh[path] }));
      }
      const directions = new Map<string, Tensor>();
      states = each((path) => {
        const result = low(direction)(states[path], g[path], at(path));
        const unit = units.find((u) => u.path === path) as Unit;
        unit.split(result.u).forEach((u, i) => directions.set(unit.paths[i], u));
        return result.state;
      });
      const { structure } = flatten(grads, isArrayLeaf);
      const tree = unflatten(
        structure,
        leafPaths(structure).map((path) => directions.get(path)),
      );
      const done = finish(tree, params, velocity, rateAt(rate, step), options);
      return { updates: done.updates as P, state: { step: counted(step), factors: states, velocity: done.velocity } };
    },
  );
}
