/** Times of steps, as pages and processes measure them. */

type Step = () => Promise<void>;

interface Times {
  /** The first call, which compiles. */
  readonly first: number | null;
  readonly times: readonly number[];
}

/** A request that has taken this long (ms) gets no further repetitions: some steps take seconds. */
const patience = 3000;

/** Runs a task some times; it begins with the first request. */
export function timed(tasks: Readonly<Record<string, () => Step>>): (task: string, reps: number) => Promise<Times> {
  const running = new Map<string, Step>();
  return async (task, reps) => {
    let first: number | null = null;
    let step = running.get(task);
    if (!step) {
      const begin = tasks[task];
      if (!begin) throw new Error("no such task here");
      step = begin();
      const start = performance.now();
      await step();
      first = performance.now() - start;
      running.set(task, step);
    }
    const times: number[] = [];
    const end = performance.now() + patience;
    for (let i = 0; i < reps && (i === 0 || performance.now() < end); i++) {
      const start = performance.now();
      await step();
      times.push(performance.now() - start);
    }
    return { first, times };
  };
}
