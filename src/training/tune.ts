/** Successive halving: many settings with a short budget, the better part of them with a longer one, until one is left. */

/** Steps below which a training says more of its learning rate's warm-up than of the setting. */
export const fewestSteps = 100;

/**
 * Budgets of the rungs: `count` settings at steps / η^k, then the best 1/η of them at η times the steps, the last at `steps`, none shorter
 * than 100 steps.
 *
 * @param eta  η, how many compete for a place in the next rung
 * @returns  steps and number of entries of each rung, the shortest first
 * @source   Jamieson & Talwalkar, AISTATS 2016
 */
export function rungs(count: number, steps: number, eta = 3): { readonly steps: number; readonly entries: number }[] {
  const depth = Math.max(
    0,
    Math.min(Math.floor(Math.log(count) / Math.log(eta) + 1e-9), Math.floor(Math.log(steps / fewestSteps) / Math.log(eta) + 1e-9)),
  );
  return Array.from({ length: depth + 1 }, (_, k) => ({
    steps: Math.max(1, Math.round(steps / eta ** (depth - k))),
    entries: Math.max(1, Math.ceil(count / eta ** k)),
  }));
}

/**
 * The best of some settings. Every rung trains from the start, with a schedule of its own length: a setting is judged by a whole short
 * training, never by the middle of a long one.
 *
 * @param train  loss of a setting after so many steps; lower is better, NaN or infinity is worst
 */
export async function successiveHalving<T>(
  settings: readonly T[],
  steps: number,
  train: (setting: T, steps: number) => Promise<number>,
): Promise<{ best: T; loss: number; trials: { setting: T; steps: number; loss: number }[] }> {
  const trials: { setting: T; steps: number; loss: number }[] = [];
  let left = [...settings];
  for (const rung of rungs(settings.length, steps)) {
    left = left.slice(0, rung.entries);
    const losses: { setting: T; steps: number; loss: number }[] = [];
    for (const setting of left) losses.push({ setting, steps: rung.steps, loss: await train(setting, rung.steps) });
    trials.push(...losses);
    const rank = (loss: number): number => (Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY);
    left = losses.toSorted((a, b) => rank(a.loss) - rank(b.loss)).map((l) => l.setting);
  }
  const last = trials.filter((t) => t.setting === left[0]).at(-1)!;
  return { best: left[0], loss: last.loss, trials };
}
