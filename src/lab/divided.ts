/** Methods whose work splits by nature. */
import { join } from "node:path";
import type { Random } from "../array/random.ts";
import type { Command } from "./command.ts";
import { onInterrupt } from "./interrupt.ts";
import { currentInvocation } from "./invocation.ts";
import { type Alone, type Desk, type Findings, living, type MethodSpec, nothingOpen, type Prepared, type Work } from "./life.ts";
import type { Shape } from "./options.ts";
import { type Finished, finishParts, otherHands, ownHand, performPart, readPart, type WhoWorks, type WorkPart } from "./parts.ts";
import type { Metrics } from "./record.ts";
import type { Watch } from "./sweep/child.ts";

/** A desk for one part of the work. */
export interface PartBench {
  /** The run's stream, the same for all parts; fold it by what is in the part. */
  readonly rng: Random;
  /** Tells of a step; false asks to stop, and to give no result. */
  readonly step: (step: number, metrics?: Readonly<Record<string, number>>) => boolean;
}

/** Work that splits into parts, which may be done elsewhere: what goes into one and comes out of it is plain JSON. */
export interface Splitting<Problem, P extends WorkPart, Result> {
  /** What can be done after what is finished, a function of these alone; when none of it is new, all is done. */
  readonly parts: (problem: Problem, finished: readonly Finished<P, Result>[]) => readonly P[];
  /** One part; `undefined` when it was interrupted. @throws UserError  told with the name of the part */
  readonly part: (part: P, problem: Problem, bench: PartBench) => Promise<Result | undefined>;
}

/** Where parts are done and kept, and for whom. */
interface Place {
  readonly folder: string;
  /** Id of the run. */
  readonly id: string;
  /** Stop after so many parts. */
  readonly until?: number;
}

/**
 * Has all parts of a problem done: one after another, with `--workers` by processes on this machine, with `--queue` by workers on any, to the same bytes;
 * what is finished is not done again. @returns nothing if it was stopped
 */
export async function doParts<Problem, P extends WorkPart, Result>(
  spec: Splitting<Problem, P, Result>,
  { problem, label, steps }: Pick<Prepared<Problem>, "problem" | "label" | "steps">,
  { folder, id, until }: Place,
  desk: Desk,
  who: WhoWorks,
): Promise<readonly Finished<P, Result>[] | undefined> {
  const here = who.workers === undefined && who.queue === undefined;
  const own = ownHand<P>((part, folder, watch) => perform(spec, part, folder, problem, desk, watch));
  const { hand, close } = here ? { hand: own, close: undefined } : await otherHands<P>(id, who);
  const interrupt = onInterrupt();
  const bar = desk.progress(label, steps);
  try {
    const parts = (before: readonly Finished<P, Result>[]) => spec.parts(problem, before);
    return await finishParts<P, Result>({ parts, folder: join(folder, "parts"), hand, bar, signal: interrupt.signal, until });
  } finally {
    interrupt.dispose();
    bar.finish();
    await close?.();
  }
}

/** What a worker does: one part, given in JSON. */
export const partAlone =
  <Problem, P extends WorkPart, Result>(spec: Splitting<Problem, P, Result>): Alone<Problem> =>
  async (text, folder, { problem, label }, desk) => {
    const part = readPart<P>(text);
    const bar = desk.progress(`${label}: ${part.name}`, part.steps);
    const interrupt = onInterrupt();
    try {
      const { signal } = interrupt;
      const report: Watch["report"] = ({ step, ...metrics }) => bar.update(Number(step), metrics as Metrics); // numbers, from `perform`
      return await perform(spec, part, folder, problem, desk, { signal, report });
    } finally {
      interrupt.dispose();
      bar.finish();
    }
  };

function perform<Problem, P extends WorkPart, Result>(
  spec: Splitting<Problem, P, Result>,
  part: P,
  folder: string,
  problem: Problem,
  { rng }: Desk,
  { report, signal }: Watch,
): Promise<boolean> {
  const step: PartBench["step"] = (step, metrics) => {
    report({ ...metrics, step });
    return !signal.aborted;
  };
  return performPart(part, folder, () => spec.part(part, problem, { rng, step }));
}

/** What becomes of the parts. */
interface Dividing<Problem, P extends WorkPart, Result, Found> extends Splitting<Problem, P, Result> {
  /** @param finished  all parts, in the order in which they were named */
  readonly join: (finished: readonly Finished<P, Result>[], problem: Problem, desk: Desk) => Found | Promise<Found>;
}

/** Declares a method whose work splits by nature: seeds, settings, points of a curve. */
export function divided<S extends Shape, Data, Problem, P extends WorkPart, Result, Found extends Findings>(
  spec: MethodSpec<S, Data, Problem, Found> & Dividing<Problem, P, Result, Found>,
): Command {
  const work: Work<Problem, Found> = async (prepared, { folder, record: { id } }, desk, who) => {
    const finished = await doParts(spec, prepared, { folder, id, until: currentInvocation()?.stopAt }, desk, who);
    return finished && (await spec.join(finished, prepared.problem, desk));
  };
  return living(spec, { settling: nothingOpen, work, alone: partAlone(spec) });
}
