/**
 * Straight paths, curves and second-order mechanics on populations that turn, oscillate and swarm, generated so that the truth is known at
 * every time, and on countries.
 *
 *   npm run study:trajectories-curves [-- --seeds 3 --steps 1500 --sets vortex,pair --entries "am;mechanics"]
 *
 * `vortex` (an arc turns about the origin, the inner particles twice as fast as the outer ones) and `pair` (two groups of unlike size turn
 * rigidly): nine times of 200 particles each, never the same ones; every second time is held out and predicted. `boids` (two flocks whose
 * pairs attract each other far off and repel nearby): five times, and forecasts of two. `oscillators`: eleven times over a period, and
 * forecasts up to half a period beyond.
 * `gapminder`: 1970 and 1990 of eleven years are held out, and 2000 and 2005 forecast.
 *
 * Predicted is from the snapshot before, by mechanics without measured velocities from the first one. Hermite curves and mechanics with
 * velocities are given the true ones. Prints mean W1 over the held-out times, in standard deviations, with the standard error over seeds,
 * which change data and training. "chains" are the curves themselves, before anything is learned from them; the floor is the W1 between two
 * samples of the truth, of countries between halves of the snapshot.
 */
import { parseArgs } from "node:util";
import { type NdArray, ndarray, type Random, randomStream, toNumbers } from "../src/array/index.ts";
import { dataset } from "../src/data/builtin.ts";
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
import { type Moving, truths } from "./moving-truths.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "3" },
    first: { type: "string", default: "0" },
    steps: { type: "string", default: "1500" },
    sets: { type: "string", default: [...Object.keys(truths), "gapminder"].join() },
    entries: { type: "string" },
  },
});

interface Entry {
  readonly name: string;
  readonly method: MethodName;
  readonly options?: LearnOptions;
  /** Given the true velocities. */
  readonly measured?: true;
}

const entries: readonly Entry[] = [
  { name: "am", method: "am" },
  { name: "am, spline", method: "am", options: { path: "spline" } },
  { name: "am, spline, smooth pairs", method: "am", options: { path: "spline", coupling: "smooth" } },
  { name: "am, spline, multimarginal", method: "am", options: { path: "spline", coupling: "multimarginal" } },
  { name: "am, hermite", method: "am", options: { path: "hermite" }, measured: true },
  { name: "eam", method: "eam" },
  { name: "am-sb", method: "am-sb" },
  { name: "wlf-ot", method: "wlf-ot" },
  { name: "wlf-sb", method: "wlf-sb" },
  { name: "simulate", method: "simulate" },
  { name: "i-cfm", method: "i-cfm" },
  { name: "sf2m", method: "sf2m" },
  { name: "ot-cfm", method: "ot-cfm" },
  { name: "ot-cfm, spline", method: "ot-cfm", options: { path: "spline" } },
  { name: "ot-cfm, hermite", method: "ot-cfm", options: { path: "hermite" }, measured: true },
  { name: "mechanics", method: "mechanics" },
  { name: "mechanics, pairs", method: "mechanics", options: { energy: "pairs" } },
  { name: "am-mechanics", method: "am-mechanics" },
  { name: "mechanics, velocities", method: "mechanics", measured: true },
];
const wanted = (name: string): boolean => values.entries === undefined || values.entries.split(";").some((e) => e.trim() === name);

const chains: readonly PathOptions[] = [
  { curve: "linear" },
  { curve: "spline" },
  { curve: "spline", coupling: "smooth" },
  { curve: "spline", coupling: "multimarginal" },
  { curve: "hermite" },
];

const average = (xs: readonly number[]): number => xs.reduce((a, b) => a + b) / xs.length;
const found = new Map<string, number[]>();
const note = (name: string, w1: number): void => {
  found.set(name, [...(found.get(name) ?? []), w1]);
  console.error(`${name}: ${w1.toFixed(3)}`);
};

/** Snapshots at all times, which of them are learned from, and the floor at a held-out one. */
interface Population {
  readonly times: readonly number[];
  readonly kept: readonly number[];
  readonly held: readonly number[];
  readonly snapshots: readonly (Pick<Moving, "points"> & Partial<Moving>)[];
  /** Other particles at a held-out time. */
  readonly again?: (k: number) => Promise<NdArray<"f32">>;
}

async function population(name: string, rng: Random): Promise<Population> {
  if (name === "gapminder") {
    const { times, snapshots } = await dataset("gapminder");
    const all = times.map((_, k) => k);
    const held = all.filter((k) => [1970, 1990, 2000, 2005].includes(times[k]));
    return { times, held, kept: all.filter((k) => !held.includes(k)), snapshots: snapshots.map((points) => ({ points })) };
  }
  const { kept, held, sample } = truths[name];
  const times = [...kept, ...held].sort((a, b) => a - b);
  const snapshots = [];
  for (const time of times) snapshots.push(await sample(time, rng.fold(`time ${time}`)));
  const indices = (of: readonly number[]): number[] => of.map((t) => times.indexOf(t));
  const again = async (k: number) => (await sample(times[k], rng.fold(`again ${k}`))).points;
  return { times, kept: indices(kept), held: indices(held), snapshots, again };
}

/** A snapshot in units of the training, with velocities where they are known. */
function whitened({ points, velocities }: Population["snapshots"][number], units: Units): Cloud {
  const scaled = velocities?.data.map((v, i) => (v * units.interval) / units.deviation[i % 2]);
  return { points: whiten(units, points), mass: 1, ...(velocities && scaled && { velocities: { ...velocities, data: scaled } }) };
}

/** Where chains of one curve are at the middle of every interval. */
async function middles(times: readonly number[], clouds: readonly Cloud[], options: PathOptions, rng: Random): Promise<NdArray<"f32">[]> {
  const path = await pathThrough(times, clouds, options);
  const [n] = clouds[0].points.shape;
  const batch = drawPath(path, rng, 4 * times.length * n);
  const middle = { ...batch, u: ndarray(new Float32Array(batch.u.shape[0]).fill(0.5), batch.u.shape, "f32") };
  const { x } = await jit((points: Tensor, b: PathBatch<Tensor>) => pathPoints(points, b, path.options))(path.points, middle);
  const places = toNumbers(x);
  return times.slice(1).map((end, k) => {
    const rows = toNumbers(batch.t).flatMap((t, i) => (t >= times[k] && t < end ? [[places[2 * i], places[2 * i + 1]]] : []));
    return ndarray(Float32Array.from(rows.slice(0, n).flat()), [n, 2], "f32");
  });
}

async function study(name: string, seed: number): Promise<void> {
  const rng = randomStream(seed).fold(name);
  const { times, kept, held, snapshots, again } = await population(name, rng);
  const units = unitsOf(
    kept.map((k) => times[k]),
    kept.map((k) => snapshots[k].points),
  );
  const clouds = snapshots.map((snapshot) => whitened(snapshot, units));
  const cloud = (k: number) => ({ x: clouds[k].points });
  const inner = (k: number): number => innerTime(units, times[k]);
  const last = kept[kept.length - 1];
  const ahead = (k: number): boolean => k > last;
  const before = (k: number): number => Math.max(...kept.filter((j) => j < k));
  const label = (k: number, what: string): string => `${name}${held.some(ahead) ? ` at ${Number(times[k].toFixed(2))}` : ""}: ${what}`;
  // of forecasts each time by itself, else the mean over the times
  const tell = (what: string, w1: readonly number[]): void => {
    if (held.some(ahead)) for (const [i, k] of held.entries()) note(label(k, what), w1[i]);
    else note(label(held[0], what), average(w1));
  };
  const compared = held.map((k) => {
    const [left, right] = ahead(k) ? kept.slice(-2) : [before(k), Math.min(...kept.filter((j) => j > k))];
    const fraction = (times[k] - times[left]) / (times[right] - times[left]);
    return baselines(cloud(left), cloud(right), cloud(k), fraction, rng.fold(`baselines ${k}`));
  });
  tell(
    "copy previous",
    compared.map(({ scores }) => scores[0].w1),
  );
  tell(
    "optimal-transport midpoint, or straight on",
    compared.map(({ scores }) => scores[scores.length - 1].w1),
  );
  const floors: number[] = [];
  for (const [i, k] of held.entries())
    floors.push(again ? score("floor", { x: whiten(units, await again(k)) }, cloud(k), rng).w1 : compared[i].floor);
  tell("floor", floors);
  if (!held.some(ahead) && wanted("chains"))
    for (const options of chains) {
      const between = await middles(
        kept.map((k) => times[k]),
        kept.map((k) => clouds[k]),
        options,
        rng.fold("chains"),
      );
      const what = `chains, ${options.curve}${options.coupling ? `, ${options.coupling}${options.coupling === "smooth" ? " pairs" : ""}` : ""}`;
      tell(
        what,
        held.map((k, i) => score(what, { x: between[i] }, cloud(k), rng).w1),
      );
    }
  for (const { name: entry, method, options, measured } of entries.filter((e) => wanted(e.name))) {
    if (measured && !clouds[0].velocities) continue;
    const given = kept.map((k): Cloud => (measured ? clouds[k] : { points: clouds[k].points, mass: 1 }));
    const steps = Number(values.steps);
    const model = await learner(method, kept.map(inner), given, { threads: 1, steps, ...options });
    let state = model.init(rng.fold("init"));
    const draws = rng.fold("training");
    for (let i = 0; i < steps; i++) ({ state } = await model.step(state, draws));
    const push = pusher(model, 1);
    const distances = [];
    for (const k of held) {
      const from = model.origin === undefined ? before(k) : kept[0];
      const start = { x: clouds[from].points, ...(measured && model.phase && { velocity: clouds[from].velocities }) };
      const { clouds: moved } = await push(model.average(state), start, inner(from), [inner(k)], { rng });
      distances.push(score(entry, { x: moved[0].x }, cloud(k), rng).w1);
    }
    tell(entry, distances);
  }
}

const first = Number(values.first);
for (const name of values.sets.split(",")) {
  if (name !== "gapminder" && !(name in truths)) throw new Error(`no set "${name}"`);
  for (let seed = first; seed < first + Number(values.seeds); seed++) await study(name, seed);
}

console.log("| mean W1 | |\n|---|---|");
for (const [name, w1] of found) {
  const mean = average(w1);
  const error = Math.sqrt(w1.reduce((s, v) => s + (v - mean) ** 2, 0) / Math.max(1, w1.length - 1) / w1.length);
  console.log(`| ${name} | ${mean.toFixed(3)} ± ${error.toFixed(3)} |`);
}
