/**
 * The engine benchmark's tasks in jax-js (jit, WebAssembly) or TensorFlow.js (eager, WebAssembly), if installed here:
 *
 *   npm --prefix bench/peers install
 *   node bench/peers/engine-js.ts @jax-js/jax
 *   node bench/peers/engine-js.ts @tensorflow/tfjs
 *
 * Reads {"task", "reps"} per line and answers with times in milliseconds, or with {"unsupported": why}. THREADS above 1 gives
 * jax-js its worker pool, which in Node needs a Web Worker made of a worker thread; TensorFlow.js has one thread in Node.
 */
import { resolveObjectURL } from "node:buffer";
import { createInterface } from "node:readline";
import { Worker as Thread } from "node:worker_threads";
import { type Jax, jaxTasks, type Library, tfTasks } from "./engine-js-tasks.ts";
import { timed } from "./timed.ts";

/** The Web Worker that jax-js asks for, from a thread of Node. */
class WebWorker {
  onmessage?: (event: { data: unknown }) => void;
  onerror?: (error: Error) => void;
  readonly #thread: Promise<Thread>;

  constructor(url: string) {
    this.#thread = (async () => {
      const source = await resolveObjectURL(url)?.text();
      const port = `const { parentPort: port } = require("node:worker_threads");
        globalThis.self = globalThis;
        globalThis.postMessage = (data) => port.postMessage(data);
        port.on("message", (data) => self.onmessage({ data }));`;
      const thread = new Thread(`${port}\n${source}`, { eval: true });
      thread.on("message", (data) => this.onmessage?.({ data }));
      thread.on("error", (error: Error) => this.onerror?.(error));
      return thread;
    })();
  }

  postMessage(data: unknown): void {
    this.#thread.then((thread) => thread.postMessage(data));
  }
}

const library = process.argv[2];
const run = timed(await load(library));
const unsupported = new Map<string, string>();

async function load(name: string): Promise<Library> {
  if (!name.startsWith("@jax-js/")) {
    const [tf, wasm] = await Promise.all([import(name), import(`${name}-backend-wasm`)]);
    return tfTasks(tf.default, wasm.default, `${import.meta.dirname}/node_modules/${name}-backend-wasm/dist/`);
  }
  const threads = Number(process.env.THREADS ?? "1");
  if (threads > 1) {
    Object.defineProperty(navigator, "hardwareConcurrency", { value: threads, configurable: true });
    Object.assign(globalThis, { Worker: WebWorker });
  }
  return jaxTasks((await import(name)) as Jax);
}

const answer = async (task: string, reps: number): Promise<unknown> => ({
  ...(await run(task, reps)),
  peak: process.resourceUsage().maxRSS / 1024,
});

for await (const line of createInterface({ input: process.stdin })) {
  const { task, reps } = JSON.parse(line) as { task: string; reps: number };
  let reply: unknown;
  if (!unsupported.has(task))
    reply = await answer(task, reps).catch((error: unknown) => {
      unsupported.set(task, error instanceof Error ? error.message : String(error));
    });
  console.log(JSON.stringify(reply ?? { unsupported: unsupported.get(task) }));
}
process.exit();
