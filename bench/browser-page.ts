/** The engine's tasks in a page. */
import * as pf from "../src/tensor/index.ts";
import { tasks } from "./engine-tasks.ts";
import { timed } from "./peers/timed.ts";

export const run = timed(
  Object.fromEntries(
    tasks.map((task) => [
      task.name,
      () => {
        const step = pf.jit(task.step, { reuse: true });
        const args = task.args();
        return async () => {
          const result = await step(...args);
          if (task.next) args.splice(0, 1, ...task.next(result as never));
        };
      },
    ]),
  ),
);

/** One thread from now on. */
export const alone = (): void => pf.configure({ threads: 1 });
