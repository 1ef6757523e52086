/** Tasks on this machine, so many at a time. */
import { setTimeout } from "node:timers/promises";
import { Cancelled, Hopeless, ownProgram, runTask, type Task, type Watch } from "./child.ts";

/** Does tasks, somewhere. When `run` has resolved, the folder holds the run as far as the task goes. */
export interface Executor {
  run(task: Task, folder: string, watch: Watch): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds before the first retry; each further one waits twice as long. */
export const firstBackOff = 500;

/**
 * @param workers  processes at a time
 * @param retries  further attempts for a process that dies
 */
export function localPool(workers: number, retries: number, program: readonly string[] = ownProgram): Executor {
  let free = workers;
  const waiting: (() => void)[] = [];
  const enter = () => (free > 0 ? void free-- : new Promise<void>((resolve) => waiting.push(resolve)));
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return {
    async run(task, folder, watch) {
      await enter();
      try {
        for (let attempt = 0; ; attempt++)
          try {
            return await runTask(program, task, folder, watch);
          } catch (error) {
            if (attempt >= retries || error instanceof Cancelled || error instanceof Hopeless) throw error;
            watch.report({ event: "retry", attempt: attempt + 1, why: (error as Error).message });
            await setTimeout(firstBackOff * 2 ** attempt, undefined, { signal: watch.signal }).catch(() => undefined);
          }
      } finally {
        leave();
      }
    },
    close: async () => undefined,
  };
}
