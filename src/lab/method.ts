/** A method is one declared value. What it is about stands in it; its whole life is lab's: see life.ts. */

import type { Command } from "./command.ts";
import { onInterrupt } from "./interrupt.ts";
import { currentInvocation } from "./invocation.ts";
import { type Learner, runLearner, type Trained } from "./learner.ts";
import { type Desk, type Findings, living, type MethodSpec, nothingOpen, type Work } from "./life.ts";
import type { Shape } from "./options.ts";

/** A desk for work that keeps how far it is by itself. */
export interface Workbench<State> extends Desk {
  /** Of the run. */
  readonly folder: string;
  /** What `save` kept in an earlier session: plain JSON. */
  readonly saved: State | undefined;
  readonly save: (step: number, state: State) => Promise<void>;
  readonly interrupted: () => boolean;
}

/** Steps through one state, a tree of arrays: what a checkpoint holds. A learner may know more than it must, for `conclude`. */
export interface Learning<Problem, State, More, Found> {
  readonly learner: (problem: Problem, desk: Desk) => (Learner<State> & More) | Promise<Learner<State> & More>;
  readonly conclude: (trained: Trained<State>, problem: Problem, learner: Learner<State> & More, desk: Desk) => Promise<Found>;
}

/** Works in its own way; `undefined` when it was interrupted. */
interface Working<Problem, State, Found> {
  readonly work: (problem: Problem, bench: Workbench<State>) => Promise<Found | undefined>;
}

/** The loop of a learner, as work. */
export const learning =
  <Problem, State, More, Found extends Findings>(spec: Learning<Problem, State, More, Found>): Work<Problem, Found> =>
  async ({ problem, label, steps, evaluateEvery, divergedHint, best }, run, desk) => {
    const learner = await spec.learner(problem, desk);
    const line = desk.progress(label, steps, run.checkpoint?.step);
    const trained = await runLearner(learner, run, { steps, rng: desk.rng, progress: line, evaluateEvery, divergedHint, best });
    return trained.interrupted ? undefined : spec.conclude(trained, problem, learner, desk);
  };

/** Declares a method that learns. State types are carried from the learner's `init` to the figures. */
export const method = <S extends Shape, Data, Problem, State, More, Found extends Findings>(
  spec: MethodSpec<S, Data, Problem, Found> & Learning<Problem, State, More, Found>,
): Command => living(spec, { settling: nothingOpen, work: learning(spec) });

/** Declares a method that does not step through one state, such as a comparison of many trainings. */
export function experiment<S extends Shape, Data, Problem, State, Found extends Findings>(
  spec: MethodSpec<S, Data, Problem, Found> & Working<Problem, State, Found>,
): Command {
  const work: Work<Problem, Found> = async ({ problem }, run, desk) => {
    const interrupt = onInterrupt();
    const until = currentInvocation()?.stopAt ?? Number.POSITIVE_INFINITY;
    let reached = run.checkpoint?.step ?? 0;
    try {
      return await spec.work(problem, {
        ...desk,
        folder: run.folder,
        saved: run.checkpoint?.state as State | undefined, // what `save` was given, as JSON
        save: (step, state) => {
          reached = step;
          return run.save({ step, tensors: {}, state });
        },
        interrupted: () => interrupt.signal.aborted || reached >= until,
      });
    } finally {
      interrupt.dispose();
    }
  };
  return living(spec, { settling: nothingOpen, work });
}
