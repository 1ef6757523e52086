/** TensorFlow.js in a page; its WebAssembly is served beside it. */
import * as tf from "@tensorflow/tfjs";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import { type Tf, tfTasks } from "./engine-js-tasks.ts";
import { timed } from "./timed.ts";

// the library's own types are narrower than what the tasks use of it
const ready = tfTasks(tf as object as Tf, wasm, "/tfjs/").then(timed);
export const run = async (task: string, reps: number): Promise<unknown> => (await ready)(task, reps);
