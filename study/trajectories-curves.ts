/**
 * Straight paths and curves on populations that turn, generated here, so that the truth is known at every time.
 *
 *   npm run study:trajectories-curves [-- --seeds 3 --steps 1500]
 *
 * Nine times of 200 particles each, never the same ones; every second time is held out and predicted from the snapshot before. `vortex`:
 * an arc turns about the origin, the inner particles twice as fast as the outer ones; `pair`: two groups of unlike size turn rigidly. Hermite
 * curves are given the true velocities. Prints mean W1 over the held-out times, in standard deviations, with the standard error over
 * seeds, which change data and training. "chains" are the curves themselves, before anything is learned from them; the floor is the W1 between two samples of the truth.
 */
import { parseArgs } from "node:util";
import { type NdArray, ndarray, type Random, randomStream, toNumbers } from "../src/array/index.ts";
import { jit, type Tensor } from "../src/tensor/index.ts";
import {
  baselines,
  type Cloud,
  drawPath,
  innerTime,
  type LearnOptions,
  learner,
  type MethodName,
  type PathBatch,
  type PathOptions,
  pathPoints,
  pathThrough,
  pusher,
  score,
  type Units,
  unitsOf,
  whiten,
} from "../src/transport/index.ts";

const { values } = parseArgs({ options: { seeds: { type: "string", default: "3" }, steps: { type: "string", default: "1500" } } });

type Point = readonly [number, number];

/** A flow that turns each particle about the origin at a speed of its own, and where particles start. */
interface Truth {
  readonly speed: (radius: number) => number;
  readonly start: (z: Point, uniform: number) => Point;
}

const truths: Readonly<Record<string, Truth>> = {
  vortex: {
    speed: (radius) => 1.2 / (1 + radius ** 2),
    start: ([a, b]) => polar(1 + 0.2 * a, 0.4 * b),
  },
  pair: {
    speed: () => 0.6,
    start: ([a, b], uniform) => (uniform < 0.7 ? [1.5 + 0.2 * a, 0.2 * b] : [-0.8 + 0.1 * a, 0.3 * b]),
  },
};

const polar = (radius: number, angle: number): Point => [radius * Math.cos(angle), radius * Math.sin(angle)];
const particles = 200;

/** A sample at a time, with its velocities. */
function sample({ speed, start }: Truth, time: number, rng: Random): { points: NdArray<"f32">; velocities: NdArray<"f32"> } {
  const [z, uniform] = [rng.normal([particles, 2]).data, rng.uniform([particles]).data];
  const turned = Array.from({ length: particles }, (_, i) => {
    const [x, y] = start([z[2 * i], z[2 * i + 1]], uniform[i]);
    const radius = Math.hypot(x, y);
    const [px, py] = polar(radius, Math.atan2(y, x) + speed(radius) * time);
    return { point: [px, py], velocity: [-speed(radius) * py, speed(radius) * px] };
  });
  const rows = (values: number[][]): NdArray<"f32"> => ndarray(Float32Array.from(values.flat()), [particles, 2], "f32");
  return { points: rows(turned.map(({ point }) => point)), velocities: rows(turned.map(({ velocity }) => velocity)) };
}

const entries: readonly { name: string; method: MethodName; options?: LearnOptions }[] = [
  { name: "am", method: "am" },
  { name: "am, spline", method: "am", options: { path: "spline" } },
  { name: "am, spline, smooth pairs", method: "am", options: { path: "spline", coupling: "smooth" } },
  { name: "am, hermite", method: "am", options: { path: "hermite" } },
  { name: "ot-cfm", method: "ot-cfm" },
  { name: "ot-cfm, spline", method: "ot-cfm", options: { path: "spline" } },
  { name: "ot-cfm, hermite", method: "ot-cfm", options: { path: "hermite" } },
];

const chains: readonly PathOptions[] = [
  { curve: "linear" },
  { curve: "spline" },
  { curve: "spline", coupling: "smooth" },
  { curve: "hermite" },
];

const times = Array.from({ length: 9 }, (_, k) => k);
const kept = times.filter((k) => k % 2 === 0);
const held = times.filter((k) => k % 2 === 1);
const average = (xs: readonly number[]): number => xs.reduce((a, b) => a + b) / xs.length;
const found = new Map<string, number[]>();
const note = (name: string, w1: number): void => {
  found.set(name, [...(found.get(name) ?? []), w1]);
  console.error(`${name}: ${w1.toFixed(3)}`);
};

/** Snapshots in units of the training, those that are learned from with velocities. */
function whitened({ points, velocities }: ReturnType<typeof sample>, units: Units): Cloud {
  const data = velocities.data.map((v, i) => (v * units.interval) / units.deviation[i % 2]);
  return { points: whiten(units, points), velocities: { ...velocities, data }, mass: 1 };
}

/** Where chains of one curve are at the middle of every interval, which is where snapshots are held out. */
async function middles(clouds: readonly Cloud[], options: PathOptions, rng: Random): Promise<NdArray<"f32">[]> {
  const path = await pathThrough(kept, clouds, options);
  const batch = drawPath(path, rng, 4 * kept.length * particles);
  const middle = { ...batch, u: ndarray(new Float32Array(batch.u.shape[0]).fill(0.5), batch.u.shape, "f32") };
  const { x } = await jit((points: Tensor, b: PathBatch<Tensor>) => pathPoints(points, b, path.options))(path.points, middle);
  const places = toNumbers(x);
  return held.map((_, k) => {
    const rows = toNumbers(batch.t).flatMap((t, i) => (t >= kept[k] && t < kept[k + 1] ? [[places[2 * i], places[2 * i + 1]]] : []));
    return ndarray(Float32Array.from(rows.slice(0, particles).flat()), [particles, 2], "f32");
  });
}

async function study(name: string, truth: Truth, seed: number): Promise<void> {
  const rng = randomStream(seed).fold(name);
  const raw = times.map((time) => sample(truth, time, rng.fold(`time ${time}`)));
  const units = unitsOf(
    kept,
    kept.map((k) => raw[k].points),
  );
  const clouds = raw.map((snapshot) => whitened(snapshot, units));
  const cloud = (k: number) => ({ x: clouds[k].points });
  const compared = held.map((k) => baselines(cloud(k - 1), cloud(k + 1), cloud(k), 0.5, rng.fold(`baselines ${k}`)).scores);
  note(`${name}: copy previous`, average(compared.map((scores) => scores[0].w1)));
  note(`${name}: optimal-transport midpoint`, average(compared.map((scores) => scores[2].w1)));
  const again = held.map((k) => ({ x: whiten(units, sample(truth, k, rng.fold(`again ${k}`)).points) }));
  note(`${name}: floor`, average(held.map((k, i) => score("floor", again[i], cloud(k), rng).w1)));
  const training = kept.map((k) => clouds[k]);
  for (const options of chains) {
    const label = `chains, ${options.curve}${options.coupling ? `, ${options.coupling} pairs` : ""}`;
    const between = await middles(training, options, rng.fold("chains"));
    note(`${name}: ${label}`, average(held.map((k, i) => score(label, { x: between[i] }, cloud(k), rng).w1)));
  }
  for (const { name: entry, method, options } of entries) {
    const steps = Number(values.steps);
    const inner = (k: number): number => innerTime(units, times[k]);
    const model = await learner(method, kept.map(inner), training, { threads: 1, steps, ...options });
    let state = model.init(rng.fold("init"));
    const draws = rng.fold("training");
    for (let i = 0; i < steps; i++) ({ state } = await model.step(state, draws));
    const push = pusher(model, 1);
    const distances = [];
    for (const k of held) {
      const { clouds: moved } = await push(model.average(state), { x: clouds[k - 1].points }, inner(k - 1), [inner(k)], { rng });
      distances.push(score(entry, { x: moved[0].x }, cloud(k), rng).w1);
    }
    note(`${name}: ${entry}`, average(distances));
  }
}

for (const [name, truth] of Object.entries(truths)) for (let seed = 0; seed < Number(values.seeds); seed++) await study(name, truth, seed);

console.log("| mean W1 | |\n|---|---|");
for (const [name, w1] of found) {
  const mean = average(w1);
  const error = Math.sqrt(w1.reduce((s, v) => s + (v - mean) ** 2, 0) / Math.max(1, w1.length - 1) / w1.length);
  console.log(`| ${name} | ${mean.toFixed(3)} ± ${error.toFixed(3)} |`);
}
