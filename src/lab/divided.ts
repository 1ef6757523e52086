/** Methods whose work splits by nature. */
import { join } from "node:path";
import type { Random } from "../array/random.ts";
import type { Command } from "./command.ts";
import { onInterrupt } from "./interrupt.ts";
import { type Alone, type Desk, type Findings, living, type MethodSpec, type Work } from "./life.ts";
import type { Shape } from "./options.ts";
import { type Finished, finishParts, otherHands, ownHand, performPart, readPart, type WorkPart } from "./parts.ts";
import type { Metrics } from "./record.ts";
import type { Watch } from "./sweep/child.ts";

/** A desk for one part of the work. */
export interface PartBench {
  /** The run's stream, the same for all parts; fold it by what is in the part. */
  readonly rng: Random;
  /** Tells of a step; false asks to stop, and to give no result. */
  readonly step: (step: number, metrics?: Readonly<Record<string, number>>) => boolean;
}

/** Splits into parts, which may be done elsewhere: what goes into one and comes out of it is plain JSON. */
interface Dividing<Problem, P extends WorkPart, Result, Found> {
  /** What can be done after what is finished, a function of these alone; when none of it is new, all is done. */
  readonly parts: (problem: Problem, finished: readonly Finished<P, Result>[]) => readonly P[];
  /** One part; `undefined` when it was interrupted. @throws UserError  told with the name of the part */
  readonly part: (part: P, problem: Problem, bench: PartBench) => Promise<Result | undefined>;
  /** @param finished  all parts, in the order in which they were named */
  readonly join: (finished: readonly Finished<P, Result>[], problem: Problem, desk: Desk) => Found | Promise<Found>;
}

/**
 * Declares a method whose work splits by nature: seeds, settings, points of a curve. Its parts are done one after another, with `--workers` by processes
 * on this machine, with `--queue` by workers on any, to the same bytes; what is finished is not done again.
 */
export function divided<S extends Shape, Data, Problem, P extends WorkPart, Result, Found extends Findings>(
  spec: MethodSpec<S, Data, Problem, Found> & Dividing<Problem, P, Result, Found>,
): Command {
  const perform = (part: P, folder: string, problem: Problem, { rng }: Desk, { report, signal }: Watch): Promise<boolean> => {
    const step: PartBench["step"] = (step, metrics) => {
      report({ ...metrics, step });
      return !signal.aborted;
    };
    return performPart(part, folder, () => spec.part(part, problem, { rng, step }));
  };
  const work: Work<Problem, Found> = async ({ problem, label, steps }, run, desk, who) => {
    const here = who.workers === undefined && who.queue === undefined;
    const own = ownHand<P>((part, folder, watch) => perform(part, folder, problem, desk, watch));
    const { hand, close } = here ? { hand: own, close: undefined } : await otherHands<P>(run.record.id, who);
    const interrupt = onInterrupt();
    const bar = desk.progress(label, steps);
    try {
      const finished = await finishParts<P, Result>({
        parts: (before) => spec.parts(problem, before),
        folder: join(run.folder, "parts"),
        hand,
        bar,
        signal: interrupt.signal,
      });
      return finished && (await spec.join(finished, problem, desk));
    } finally {
      interrupt.dispose();
      bar.finish();
      await close?.();
    }
  };
  /** What a worker does. */
  const alone: Alone<Problem> = async (text, folder, { problem, label }, desk) => {
    const part = readPart<P>(text);
    const bar = desk.progress(`${label}: ${part.name}`, part.steps);
    const interrupt = onInterrupt();
    try {
      const { signal } = interrupt;
      const report: Watch["report"] = ({ step, ...metrics }) => bar.update(Number(step), metrics as Metrics); // numbers, from `step` above
      return await perform(part, folder, problem, desk, { signal, report });
    } finally {
      interrupt.dispose();
      bar.finish();
    }
  };
  return living(spec, work, alone);
}
