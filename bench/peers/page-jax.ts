/** jax-js in a page. */
import * as jax from "@jax-js/jax";
import { type Jax, jaxTasks } from "./engine-js-tasks.ts";
import { timed } from "./timed.ts";

// the library's own types are narrower than what the tasks use of it
const ready = jaxTasks(jax as object as Jax).then(timed);
export const run = async (task: string, reps: number): Promise<unknown> => (await ready)(task, reps);
