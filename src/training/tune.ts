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

/** What successive halving asks for next: trainings of one rung, which need nothing of each other, or nothing any more. */
export type Halving<T> = { readonly next: readonly { readonly setting: T; readonly steps: number }[] } | { readonly best: T };

/**
 * The best of some settings, a rung at a time. Every rung trains from the start, with a schedule of its own length: a setting is judged by a whole
 * short training, never by the middle of a long one.
 *
 * @param loss  of a setting after so many steps, as far as it is known; lower is better, NaN or infinity is worst
 */
export function successiveHalving<T>(
  settings: readonly T[],
  steps: number,
  loss: (setting: T, steps: number) => number | undefined,
): Halving<T> {
  let left = [...settings];
  for (const rung of rungs(settings.length, steps)) {
    const losses = left.slice(0, rung.entries).map((setting) => ({ setting, loss: loss(setting, rung.steps) }));
    const next = losses.filter((l) => l.loss === undefined).map(({ setting }) => ({ setting, steps: rung.steps }));
    if (next.length > 0) return { next };
    const rank = (value = Number.NaN): number => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY);
    left = losses.toSorted((a, b) => rank(a.loss) - rank(b.loss)).map(({ setting }) => setting);
  }
  return { best: left[0] };
}
