/**
 * A watch over the two players of a Lagrangian flow. The path runs away when its generator climbs the residual faster than the action can
 * answer: then the variance of the residual grows, or corrections of the straight lines reach their bound. The training then goes back to
 * its last good averages with half the generator's learning rate, twice; after that it is an error.
 *
 * All of it is data in the state, so that a run goes on from a checkpoint to the same numbers.
 */

import { mapTree, type NdArray, ndarray } from "../../array/index.ts";
import { UserError } from "../../errors.ts";

/** @template S  players by name */
export interface Guard<S> {
  /** Factor of the learning rate, running means of variance and share at the bound, lowest recent variance, steps, restarts: f32 [6]. */
  readonly numbers: NdArray<"f32">;
  /** What a restart begins from. */
  readonly good: S;
}

/** What is watched in each step. */
export interface Signs {
  /** Variance of the residual over the batch. */
  readonly variance: number;
  /** Share of the rows whose correction is at its bound. */
  readonly atBound: number;
  readonly loss: number;
}

/** Steps between two good states; restarts before the error. */
const period = 250;
const most = 2;
/** Running means over about 50 steps. */
const memory = 0.98;
/**
 * Growth of the variance that no learning explains, and the share of corrections at their bound above which they are not the learned ones.
 */
const growth = 10;
const bound = 0.5;
/** Share at the bound that the user should know of. */
const noted = 0.05;

/** Arrays of its own: those of a state may be written over by later steps. */
const copy = <S>(state: S): S => mapTree<S>((a: NdArray) => ({ ...a, data: a.data.slice() }), state);

const numbersOf = (values: readonly number[]): NdArray<"f32"> => ndarray(Float32Array.from(values), [6], "f32");

/** Nothing seen yet; the first state counts as good. */
export const initGuard = <S>(state: S): Guard<S> => ({
  numbers: numbersOf([1, 0, 0, Number.MAX_VALUE, 0, 0]),
  good: copy(state),
});

/** Factor of the generator's learning rate. */
export const rateFactor = ({ numbers }: Guard<unknown>): number => numbers.data[0];
/** How often the training went back. */
const restarts = ({ numbers }: Guard<unknown>): number => numbers.data[5];

/** What the user should know of the training; undefined if all was well. */
export function guardNote(guard: Guard<unknown>): string | undefined {
  const times = restarts(guard);
  const share = guard.numbers.data[2];
  if (times === 0)
    return share > noted
      ? `corrections of the path are at their bound for ${(100 * share).toFixed(0)} % of its particles: at the middle as far from the ` +
          "straight lines as the data are wide, or a factor of 4.5 in mass; the force is strong for the time between snapshots, and the " +
          "true path of least action may lie farther out"
      : undefined;
  return (
    `the path ran away ${times === 1 ? "once" : "twice"}: the training went back to its last good averages and on with ` +
    `${rateFactor(guard)} of the path's learning rate`
  );
}

/**
 * The guard after a step, or undefined if the path has run away.
 *
 * @param state    players after the step
 * @param settled  step after which the variance of the residual should no longer grow
 */
export function watch<S extends Players<S>>({ numbers, good }: Guard<S>, signs: Signs, state: S, settled: number): Guard<S> | undefined {
  const [rate, level, share, reference, steps, again] = numbers.data;
  const { variance, atBound, loss } = signs;
  const next = {
    level: steps === 0 ? variance : memory * level + (1 - memory) * variance,
    share: memory * share + (1 - memory) * atBound,
    steps: steps + 1,
  };
  if (!Number.isFinite(loss) || !Number.isFinite(next.level) || next.share > bound) return undefined;
  if (next.steps > settled && next.level > growth * reference) return undefined;
  if (next.steps % period !== 0) return { numbers: numbersOf([rate, next.level, next.share, reference, next.steps, again]), good };
  // the reference may double, so that a residual that is learned slowly is no alarm
  const lowest = next.steps < settled ? next.level : Math.min(2 * reference, next.level);
  return { numbers: numbersOf([rate, next.level, next.share, lowest, next.steps, again]), good: copy(averaged(state)) };
}

/**
 * The last good players, and a guard with half the rate.
 * @throws UserError  after the second time
 */
export function goBack<S>({ numbers, good }: Guard<S>, hint: string): { players: S; guard: Guard<S> } {
  const [rate, , , , steps, again] = numbers.data;
  if (again >= most)
    throw new UserError(`the path of the Lagrangian flow ran away ${most + 1} times, last ${steps} steps after it was set back`, hint);
  return { players: good, guard: { numbers: numbersOf([rate / 2, 0, 0, Number.MAX_VALUE, 0, again + 1]), good } };
}

/** Parameters under training and their moving average, by name. */
type Players<S> = { readonly [K in keyof S]: { readonly params: unknown; readonly average: { readonly average: unknown } } };

/** Players whose parameters are their averages. */
function averaged<S extends Players<S>>(state: S): S {
  const next = { ...state };
  for (const name in next) next[name] = { ...next[name], params: next[name].average.average };
  return next;
}
