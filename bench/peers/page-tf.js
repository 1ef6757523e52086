/** TensorFlow.js in a page; its WebAssembly is served beside it. */
import * as tf from "@tensorflow/tfjs";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import { tfTasks } from "./engine-js-tasks.ts";
import { timed } from "./timed.ts";

const ready = tfTasks(tf, wasm, "/tfjs/").then(timed);
export const run = async (task, reps) => (await ready)(task, reps);
