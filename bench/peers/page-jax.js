/** jax-js in a page. */
import * as jax from "@jax-js/jax";
import { jaxTasks } from "./engine-js-tasks.ts";
import { timed } from "./timed.ts";

const ready = jaxTasks(jax).then(timed);
export const run = async (task, reps) => (await ready)(task, reps);
