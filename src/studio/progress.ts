/** How far runs are, and how long they will take: from what their processes say, or from their rows of metrics. */

export interface Progress {
  readonly step: number;
  readonly total: number;
  /** Seconds, at the pace seen so far. */
  readonly left?: number;
}

export interface ProgressBook {
  get(id: string): Progress | undefined;
  /** Notes where a run is; answers what is new, if it has moved. */
  note(id: string, step: number, total: number): Progress | undefined;
  forget(id: string): void;
}

/** @param clock  seconds */
export function progressBook(clock: () => number = () => performance.now() / 1000): ProgressBook {
  const seen = new Map<string, { readonly since: number; readonly from: number; readonly now: Progress }>();
  return {
    get: (id) => seen.get(id)?.now,
    note(id, step, total) {
      const before = seen.get(id);
      if (before?.now.step === step && before.now.total === total) return undefined;
      // one that begins again, or goes on from an earlier step, has another pace
      const first = before === undefined || step < before.now.step ? { since: clock(), from: step } : before;
      const pace = (clock() - first.since) / (step - first.from);
      const now = { step, total, ...(step > first.from && { left: pace * Math.max(0, total - step) }) };
      seen.set(id, { ...first, now });
      return now;
    },
    forget: (id) => void seen.delete(id),
  };
}
