/**
 * The hydrogen atom of Action Matching (Neklyudov et al., ICML 2023): action matching against annealed Langevin dynamics with learned and
 * with true scores.
 *
 *   npm run study:hydrogen [-- --seeds 3 --first 0 --methods "am,sm,ssm,true score,true motion" --log hydrogen.jsonl --image
 *   docs/images/hydrogen.png]
 *
 * 2,000 particles of |ψ|² move along the Bohmian velocity and are recorded at 1,001 times, others every 500 steps; networks see samples of
 * the records,
 * never a path. Then 2,000 new
 * particles of the first time are carried to ten later times and compared with 2,000 fresh particles of each by the paper's MMD. Networks
 * count lengths
 * in 50 and times in 1/ω, in which the mean turns by one radian. Prints a Markdown table: mean over the ten times and the seeds, and its
 * standard error over the seeds. With --log,
 * results are appended as they come, and what is there already is not computed again.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type NdArray, ndarray, type Random, randomStream } from "../src/array/index.ts";
import { hydrogenFrequency, hydrogenScore, hydrogenSpan, hydrogenVelocity, sampleHydrogen, turnHydrogen } from "../src/data/index.ts";
import { hydrogenKernels, mmd } from "../src/distances/index.ts";
import { constantSteps, integrate, rungeKutta4 } from "../src/solve/index.ts";
import { configure, jit, type Tensor } from "../src/tensor/index.ts";
import {
  annealer,
  matchingRecorded,
  pusher,
  type Recording,
  recordingOf,
  scoreMatching,
  type Trainable,
  type VectorField,
} from "../src/transport/index.ts";
import { cloudsFigure } from "./hydrogen-figure.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "3" },
    first: { type: "string", default: "0" },
    methods: { type: "string", default: "am,sm,ssm,true score,true motion" },
    steps: { type: "string", default: "5000" },
    particles: { type: "string", default: "2000" },
    threads: { type: "string", default: "1" },
    log: { type: "string" },
    image: { type: "string" },
  },
});
const [steps, particles, threads] = [Number(values.steps), Number(values.particles), Number(values.threads)];
configure({ threads });

/** Units of the networks. */
const unit = { length: 50, time: 1 / hydrogenFrequency };
const records = 1000;
const span = hydrogenSpan / unit.time;
const times = Array.from({ length: records + 1 }, (_, k) => (span * k) / records);
const shown = Array.from({ length: 10 }, (_, k) => times[((k + 1) * records) / 10]);
const network = { layers: 4, width: 128, batch: 500, steps, emaDecay: 0.999, threads };
/** Of the paper: five steps of size 15 at each of 1,000 times. */
const langevin = { stepSize: 15 / unit.length ** 2, inner: 5, steps: records / shown.length };

/** Wider proposals than the default: they forget their start in a fifth of the steps. */
const wide = { steps: 1000, scale: 40 };

const scaled = (x: NdArray<"f32">, by: number): NdArray<"f32"> => ({ ...x, data: x.data.map((v) => v * by) });

/** The fields of the atom in the units of the networks. */
const inUnits =
  (field: (t: Tensor, x: Tensor) => Tensor, factor: number): VectorField =>
  (t, x) =>
    field(t.mul(unit.time), x.mul(unit.length)).mul(factor);
const motion = inUnits(hydrogenVelocity, unit.time / unit.length);
const trueScore = inUnits(hydrogenScore, unit.length);
const move = jit((x: Tensor, at: Tensor) => integrate(motion, x, at, { solver: rungeKutta4, control: constantSteps(1) }).states);

/** States of particles at all times, by the Bohmian motion. */
async function moved(x: NdArray<"f32">): Promise<NdArray<"f32">[]> {
  const { data } = await move(x, ndarray(Float32Array.from(times), [records + 1], "f32"));
  const all = data as Float32Array<ArrayBuffer>;
  const size = x.data.length;
  return [x, ...Array.from({ length: records }, (_, k) => ndarray(all.slice(k * size, (k + 1) * size), x.shape, "f32"))];
}

/** New recordings, each of other particles. */
type Records = (k: number) => Promise<Recording>;
const renewed = 500;

async function trained<S, L extends Trainable<S>>(
  label: string,
  records: Records,
  make: (recording: Recording) => L & Trainable<S>,
  rng: Random,
) {
  let learner: L & Trainable<S> = make(await records(0));
  let state = learner.init(rng.fold("init"));
  let sum = 0;
  const started = performance.now();
  for (let i = 1; i <= steps; i++) {
    const next = await learner.step(state, rng);
    state = next.state;
    sum += next.metrics.loss;
    if (i % renewed === 0 && i < steps) learner = make(await records(i / renewed));
    if (i % 1000 === 0) {
      console.error(`${label}: ${i} steps, loss ${(sum / 1000).toFixed(4)}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
      sum = 0;
    }
  }
  return { learner, state };
}

interface Outcome {
  readonly clouds: NdArray<"f32">[];
  readonly evaluations: number;
}

/** A way to carry particles x of time 0 to the times shown, after it has learned from recordings. */
type Method = (records: Records, x: NdArray<"f32">, rng: Random) => Promise<Outcome>;

const withScores =
  (trace: "exact" | "sliced"): Method =>
  async (records, x, rng) => {
    const { learner, state } = await trained(trace, records, (r) => scoreMatching(r, { ...network, trace }), rng);
    return annealer(learner.score, threads)(learner.average(state), x, 0, shown, { ...langevin, rng });
  };

const methods: Record<string, Method> = {
  am: async (records, x, rng) => {
    const { learner, state } = await trained("am", records, (r) => matchingRecorded(r, network), rng);
    const { clouds, evaluations } = await pusher(learner, threads)(learner.average(state), { x }, 0, shown);
    return { clouds: clouds.map((c) => c.x), evaluations };
  },
  sm: withScores("exact"),
  ssm: withScores("sliced"),
  "true score": (_, x, rng) => annealer(() => trueScore, threads)({}, x, 0, shown, { ...langevin, rng }),
  "true motion": async (_, x) => {
    const clouds = await moved(x);
    return { clouds: shown.map((t) => clouds[times.indexOf(t)]), evaluations: 4 * records };
  },
};

interface Row {
  readonly method: string;
  readonly seed: number;
  /** MMD at the times shown. */
  readonly mmd: number[];
  readonly evaluations: number;
  /** Processor time. */
  readonly seconds: number;
}

const log = values.log ?? join(mkdtempSync(join(tmpdir(), "study-")), "results.jsonl");
const read = (): Row[] =>
  existsSync(log)
    ? readFileSync(log, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((l) => JSON.parse(l) as Row)
    : [];

async function evaluated(name: string, seed: number): Promise<void> {
  const rng = randomStream(seed).fold("hydrogen study");
  const start = scaled((await sampleHydrogen(particles, rng.fold("start"))).x, 1 / unit.length);
  const records: Records = async (k) => {
    const { x } = await sampleHydrogen(particles, rng.fold(`records ${k}`), wide);
    return recordingOf(times, await moved(scaled(x, 1 / unit.length)));
  };
  const before = process.cpuUsage();
  const { clouds, evaluations } = await methods[name](records, start, rng.fold(name));
  const { user, system } = process.cpuUsage(before);
  const truths: NdArray<"f32">[] = [];
  for (const [k, t] of shown.entries())
    truths.push(turnHydrogen((await sampleHydrogen(particles, rng.fold(`truth ${k}`), wide)).x, t * unit.time));
  const distances = clouds.map((c, k) => mmd(scaled(c, unit.length), truths[k], hydrogenKernels));
  const row: Row = { method: name, seed, mmd: distances, evaluations, seconds: (user + system) / 1e6 };
  appendFileSync(log, `${JSON.stringify(row)}\n`);
  console.error(`${name}, seed ${seed}: MMD ${mean(distances).toExponential(2)}, ${row.seconds.toFixed(0)} s`);
  if (values.image && name === "am" && seed === Number(values.first)) {
    const at = [1, 4, 7, 9];
    const parts = { truth: at.map((k) => truths[k]), learned: at.map((k) => scaled(clouds[k], unit.length)) };
    writeFileSync(
      values.image,
      await cloudsFigure(
        at.map((k) => shown[k] * unit.time),
        parts,
      ),
    );
  }
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((s, v) => s + (v - mean(values)) ** 2, 0) / (values.length - 1));

const chosen = values.methods.split(",");
for (let seed = Number(values.first); seed < Number(values.first) + Number(values.seeds); seed++)
  for (const name of chosen) {
    const known = read().some((r) => r.method === name && r.seed === seed);
    if (!known) await evaluated(name, seed);
  }
console.log("| | MMD, mean of ten times | first half | last half | evaluations | s |\n|---|---|---|---|---|---|");
for (const name of chosen) {
  const rows = read().filter((r) => r.method === name);
  const cell = (part: (m: number[]) => number[]): string => {
    const means = rows.map((r) => mean(part(r.mmd)));
    return `${mean(means).toExponential(2)}${means.length > 1 ? ` ± ${(deviation(means) / Math.sqrt(means.length)).toExponential(1)}` : ""}`;
  };
  const halves = [cell((m) => m), cell((m) => m.slice(0, 5)), cell((m) => m.slice(5))];
  console.log(
    `| ${name} | ${halves.join(" | ")} | ${mean(rows.map((r) => r.evaluations)).toFixed(0)} | ${mean(rows.map((r) => r.seconds)).toFixed(0)} |`,
  );
}
