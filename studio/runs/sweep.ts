/** A sweep as people look at it: what is done, and which job leads. */
import type { SweepView } from "../../src/studio/api.ts";

export type Job = SweepView["jobs"][number];

/** Jobs with a value first, the best of them foremost; the others as they stand. */
export function ranked({ jobs, minimize }: SweepView): Job[] {
  const worth = ({ value }: Job): number =>
    value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : minimize ? value : -value;
  return jobs.toSorted((a, b) => (worth(a) === worth(b) ? 0 : worth(a) - worth(b)));
}

/** "3 done, 2 running". */
export function counted({ jobs }: SweepView): string {
  const counts = new Map<string, number>();
  for (const { state } of jobs) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}

/** How much of the work is done, where it is known how much there is. */
export function shareOf({ jobs }: SweepView): number {
  const share = ({ state, step, total }: Job): number => (state === "done" ? 1 : step !== undefined && total ? step / total : 0);
  return jobs.length === 0 ? 0 : jobs.reduce((sum, job) => sum + share(job), 0) / jobs.length;
}
