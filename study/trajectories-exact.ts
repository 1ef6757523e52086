/**
 * Wasserstein Lagrangian flows between two Gaussians in two dimensions, N((-1, 0), diag(.5, .3)²) to N((1, .5), diag(.2, .6)²), from independent rows: cost,
 * middle and end against closed forms.
 *
 *   npm run study:trajectories-exact [-- --steps 2000 --seed 3]
 */
import { parseArgs } from "node:util";
import { type NdArray, ndarray, randomStream } from "../src/tensor/index.ts";
import { freeMotion, type Lagrangian, lagrangianFlow, meanWeight, pathThrough, pusher } from "../src/transport/index.ts";

const { values } = parseArgs({ options: { steps: { type: "string", default: "2000" }, seed: { type: "string", default: "3" } } });
const steps = Number(values.steps);

function normals(mean: readonly number[], deviation: readonly number[], n: number, seed: number): NdArray<"f32"> {
  const z = randomStream(seed).normal([n, 2]).data;
  return ndarray(z.map((v, i) => mean[i % 2] + deviation[i % 2] * v) as Float32Array<ArrayBuffer>, [n, 2], "f32");
}

/** Exact costs; of the unbalanced one only the law of the mass at half time, 1 - S/8 for λ = 1. */
const cases: [string, Lagrangian, number | undefined][] = [
  ["optimal transport", freeMotion, 2.215],
  ["Schrödinger bridge, σ = 0.5", { ...freeMotion, noise: 0.5 }, 2.3556315619],
  ["harmonic potential |x|²", { ...freeMotion, potential: (_, x) => x.square().sum(1) }, 1.3646325975],
  ["unbalanced, λ = 1", { ...freeMotion, growth: 1 }, undefined],
];

console.log("| problem | cost | exact | mass at 1/2 | by its law | mass at 1 | s |\n|---|---|---|---|---|---|---|");
for (const [name, lagrangian, exact] of cases) {
  const started = performance.now();
  const clouds = [normals([-1, 0], [0.5, 0.3], 10_000, 1), normals([1, 0.5], [0.2, 0.6], 10_000, 2)];
  const path = await pathThrough([0, 1], clouds, { coupling: "independent" });
  const model = lagrangianFlow(path, { lagrangian, steps, layers: 2, width: 128, threads: 1 });
  const rng = randomStream(Number(values.seed));
  let state = await model.init(rng.fold("init"));
  for (let i = 0; i < steps; i++) ({ state } = await model.step(state, rng));
  const { dual, error } = await model.value(state, rng);
  const start = normals([-1, 0], [0.5, 0.3], 4000, 4);
  const { clouds: moved } = await pusher(model, 1)(model.average(state), { x: start }, 0, [0.5, 1], { rng });
  const law = lagrangian.growth > 0 ? (1 - dual / 8).toFixed(3) : "1";
  const [half, end] = moved.map((c) => meanWeight(c.logWeight).toFixed(3));
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `| ${name} | ${dual.toFixed(4)} ± ${error.toFixed(4)} | ${exact?.toFixed(4) ?? ""} | ${half} | ${law} | ${end} | ${seconds} |`,
  );
}
