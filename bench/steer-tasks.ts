/** What `npm run bench -- steer` samples from, and how we do it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flatten, isArrayLeaf, leafPaths, type NdArray, ndarray, randomStream, writeNpz } from "../src/array/index.ts";
import { head, headTwist, readLlama2c, runParticles, type TransformerModel, transformerModel } from "../src/language/index.ts";
import { choose } from "../src/language/steering/choose.ts";
import type { Twist } from "../src/language/twists/twist.ts";
import { type CausalTransformer, causalTransformer } from "../src/nn/index.ts";
import type { ResamplingRule } from "../src/sampling/index.ts";
import { characterTokenizer, llama2cTokenizer } from "../src/tokenizers/index.ts";
import type { Measured, Runner } from "./peer.ts";

const rules: Readonly<Record<string, ResamplingRule>> = { below: { below: 0.5 }, never: "never", always: "always" };

/** A model with a twist, and what the ports read of them. */
export interface Task {
  readonly name: string;
  readonly model: TransformerModel;
  readonly twist: Twist;
  readonly prompt: readonly number[];
  /** Weights in a file, where the numbers matter; without them the ports draw their own. */
  readonly stored?: unknown;
}

const folder = join(process.env.PUSHFORWARD_DATA ?? "../shared/data", "lm-stories260K");
const large: CausalTransformer = {
  ...{ architecture: "llama", vocabulary: 16_384, context: 256, width: 384, depth: 10, heads: 6, hidden: 1024 },
};

export function prepared(name: string, threads: number): Task | undefined {
  const rng = randomStream("bench").fold(name);
  if (name === "random") {
    const params = causalTransformer.init(rng, large);
    const tokenizer = characterTokenizer(Array.from({ length: large.vocabulary }, (_, i) => String.fromCodePoint(0x4e00 + i)));
    const model = transformerModel({ name, config: large, params, tokenizer, hash: "" }, { threads });
    return { name, model, twist: twistOf(model), prompt: Array.from({ length: 10 }, (_, i) => 1 + i) };
  }
  if (name !== "stories" || !existsSync(folder)) return undefined;
  const { config, params } = readLlama2c(readFileSync(join(folder, "stories260K.bin")));
  const tokenizer = llama2cTokenizer(readFileSync(join(folder, "tok512.bin")));
  const model = transformerModel({ name, config, params, tokenizer, hash: "" }, { threads });
  const prompt = [1, ...tokenizer.encode("Once upon a time, there was a")];
  return { name, model, twist: twistOf(model), prompt, stored: { ...params, twist: layersOf(model) } };
}

/** Random layers of a twist whose log ψ has a standard deviation of about 1/2. */
function layersOf({ width, config }: TransformerModel) {
  const rng = randomStream("twist");
  const { layers } = head.init(rng, width, config.vocabulary, { kind: "mlp" });
  const { data, shape } = rng.normal([width, config.vocabulary], "f32");
  const last = {
    ...layers[2],
    w: ndarray(
      data.map((v) => (0.5 * v) / Math.sqrt(width)),
      shape,
      "f32",
    ),
  };
  return [...layers.slice(0, 2), last];
}

const twistOf = (model: TransformerModel): Twist => {
  const start = head.init(randomStream("twist"), model.width, model.config.vocabulary, { kind: "mlp" });
  return headTwist({ ...start, layers: layersOf(model) }, { name: "random", kind: "mlp", bounded: false, frozen: true });
};

export function writeTask(files: string, { name, model, prompt, stored }: Task, steps: number): void {
  writeFileSync(join(files, `${name}.json`), JSON.stringify({ ...model.config, prompt, steps }));
  if (!stored) return;
  const { leaves, structure } = flatten<NdArray>(stored, isArrayLeaf as (x: unknown) => x is NdArray);
  writeFileSync(join(files, `${name}.npz`), writeNpz(Object.fromEntries(leafPaths(structure).map((path, i) => [path, leaves[i]]))));
}

/** Tokens that are most probable under p0 ψ, with their log p0 and log ψ. */
interface Greedy {
  readonly tokens: readonly number[];
  readonly logs: readonly number[];
  readonly twists: readonly number[];
}

export type Told = Measured & Partial<Greedy>;

async function greedy({ model, twist, prompt }: Task, steps: number): Promise<Greedy> {
  const decoding = await model.start(prompt, 1);
  const [tokens, logs, twists]: number[][] = [[], [], []];
  for (let t = 1; t <= steps; t++) {
    const { logits, hidden } = decoding.next;
    const before = { rows: 1, tokens: ndarray(new Int32Array(steps), [1, steps], "i32"), hidden, logits, population: () => 0 };
    const logTwist = await twist.next!(before, t);
    const scores = Array.from(logits.data as Float32Array, (log, v) => log + Number(logTwist.data[v]));
    const token = scores.indexOf(Math.max(...scores));
    const { logModel } = await choose(logits, undefined, 0, ndarray(new Float32Array(1), [1], "f32"), Int32Array.of(token));
    tokens.push(token);
    logs.push(logModel[0]);
    twists.push(Number(logTwist.data[token]));
    await decoding.append(Int32Array.of(token));
  }
  decoding.close();
  return { tokens, logs, twists };
}

/** Tasks are named model:particles:rule. */
export function ours(tasks: readonly Task[], steps: number, now: () => number): Runner {
  const none = { name: "none", logs: (texts: readonly unknown[]) => new Float64Array(texts.length) };
  let runs = 0;
  return {
    name: "pushforward",
    async run(task, reps): Promise<Told> {
      const [name, particles, rule] = task.split(":");
      const found = tasks.find((t) => t.name === name)!;
      if (rule === "greedy") return { first: null, times: [], peak: 0, ...(await greedy(found, steps)) };
      const { model, prompt, twist } = found;
      const times: number[] = [];
      for (let rep = 0; rep < reps; rep++) {
        const begin = now();
        const run = { particles: Number(particles), twist, resampling: rules[rule] };
        await runParticles({ model, prompt, length: steps, potential: none }, run, randomStream(runs++));
        times.push(now() - begin);
      }
      return { first: null, times, peak: process.resourceUsage().maxRSS / 1024 };
    },
    close() {},
  };
}
