/** Trains a matching inside a run folder: progress, metrics, checkpoints, Ctrl-C. */
import { UserError } from "../../data/errors.ts";
import { onInterrupt, type Progress, type Run } from "../../lab/index.ts";
import {
  flatten,
  isArrayLeaf,
  leafPaths,
  type NdArray,
  type Random,
  type RandomState,
  randomFromState,
  unflatten,
} from "../../tensor/index.ts";
import type { Matching, MatchState } from "../../transport/index.ts";

/** Steps between rows of metrics, and between checkpoints. */
const logEvery = 20;
const saveEvery = 500;

/** What a checkpoint holds besides parameters. */
interface Progressed {
  readonly batches: RandomState;
  readonly sum: number;
}

export interface Trained {
  readonly state: MatchState;
  readonly losses: readonly { readonly step: number; readonly loss: number }[];
  readonly interrupted: boolean;
}

/**
 * @throws UserError  when the loss is no longer a number
 */
export async function train(matching: Matching, run: Run, rng: Random, steps: number, progress: Progress): Promise<Trained> {
  const initial = matching.init(rng.fold("init"));
  const { structure } = flatten(initial, isArrayLeaf);
  const names = leafPaths(structure);
  const saved = run.checkpoint;
  let state = saved
    ? unflatten<MatchState>(
        structure,
        names.map((name) => saved.tensors[name]),
      )
    : initial;
  const batches = saved ? randomFromState((saved.state as Progressed).batches) : rng.fold("batches");
  const losses = run.metrics.map(({ step, loss }) => ({ step, loss }));
  const interrupt = onInterrupt();
  // Losses since the last row of metrics: part of the checkpoint, so that a resumed run writes the same rows.
  let sum = saved ? (saved.state as Progressed).sum : 0;
  let step = saved?.step ?? 0;
  const save = (): Promise<void> => {
    const leaves = flatten(state, isArrayLeaf).leaves as NdArray[];
    return run.save({
      step,
      tensors: Object.fromEntries(names.map((name, i) => [name, leaves[i]])),
      state: { batches: batches.state(), sum } satisfies Progressed,
    });
  };
  try {
    while (step < steps && !interrupt.signal.aborted) {
      const next = await matching.step(state, batches);
      state = next.state;
      step++;
      sum += next.loss;
      if (!Number.isFinite(next.loss))
        throw new UserError(
          `step ${step}: the loss is ${next.loss}`,
          "lower --learning-rate, or look for outliers in the features",
        );
      if (step % logEvery === 0) {
        const row = { step, loss: sum / logEvery };
        sum = 0;
        losses.push(row);
        await run.log(row);
        progress.update(step, { loss: row.loss });
        if (step % saveEvery === 0) await save();
      }
    }
    await save();
  } finally {
    interrupt.dispose();
    progress.finish();
  }
  return { state, losses, interrupted: step < steps };
}
