/**
 * Wasserstein Lagrangian flows between two Gaussians in two dimensions, N((-1, 0), diag(.5, .3)²) to N((1, .5), diag(.2, .6)²), from
 * independent rows: cost,
 * middle and end against closed forms.
 *
 *   npm run study:trajectories-exact [-- --steps 2000 --seed 3 --only drift]
 */
import { parseArgs } from "node:util";
import { array, type NdArray, ndarray, randomStream } from "../src/array/index.ts";
import { concat } from "../src/tensor/index.ts";
import {
  freeMotion,
  type Lagrangian,
  lagrangianFlow,
  meanWeight,
  metricCost,
  type PairPotential,
  pathThrough,
  powerCost,
  pusher,
} from "../src/transport/index.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "2000" },
    seed: { type: "string", default: "3" },
    only: { type: "string", default: "" },
  },
});
const steps = Number(values.steps);

function normals(mean: readonly number[], deviation: readonly number[], n: number, seed: number): NdArray<"f32"> {
  const z = randomStream(seed).normal([n, 2]).data;
  return ndarray(z.map((v, i) => mean[i % 2] + deviation[i % 2] * v) as Float32Array<ArrayBuffer>, [n, 2], "f32");
}

interface Case {
  readonly lagrangian?: Partial<Lagrangian>;
  readonly interaction?: PairPotential;
  readonly exact?: number;
  /** Deviations at the end, if they are not (.2, .6). */
  readonly end?: readonly number[];
}

const turning = 1.1;
/**
 * Exact costs; of the unbalanced one only the law of the mass at half time, 1 - S/8 for λ = 1. Free drifts: ½ W2² in the frame that moves
 * with them.
 */
const cases: Record<string, Case> = {
  "optimal transport": { exact: 2.215 },
  "Schrödinger bridge, σ = 0.5": { lagrangian: { noise: 0.5 }, exact: 2.3556315619 },
  "harmonic potential |x|²": { lagrangian: { potential: (_, x) => x.square().sum(1) }, exact: 1.3646325975 },
  "unbalanced, λ = 1": { lagrangian: { growth: 1 } },
  "drift (0.8, -1.5)": { lagrangian: { drift: (_, x) => x.mul(0).add(array([[0.8, -1.5]])) }, exact: 2.81 },
  "drift that turns by 1.1": {
    lagrangian: { drift: (_, x) => concat([x.slice(null, [1, 2]).mul(-turning), x.slice(null, [0, 1]).mul(turning)], 1) },
    exact: 2.0491409244,
  },
  "first coordinate four times as dear": { lagrangian: { cost: metricCost([4, 1]) }, exact: 8.35 },
  "cost |v|³/3, equal deviations": { lagrangian: { cost: powerCost(3) }, end: [0.5, 0.3], exact: 4.25 ** 1.5 / 3 },
  "pairs that attract, W = r²": { interaction: (r) => r.square(), exact: 1.806725358 },
  "pairs that repel, W = -r²": { interaction: (r) => r.square().neg(), exact: 2.509366257 },
};

console.log("| problem | cost | exact | mass at 1/2 | by its law | mass at 1 | s |\n|---|---|---|---|---|---|---|");
for (const [name, { lagrangian: own, interaction, exact, end: last = [0.2, 0.6] }] of Object.entries(cases)) {
  if (!name.includes(values.only)) continue;
  const lagrangian: Lagrangian = { ...freeMotion, ...own };
  const started = performance.now();
  const clouds = [normals([-1, 0], [0.5, 0.3], 10_000, 1), normals([1, 0.5], last, 10_000, 2)];
  const path = await pathThrough([0, 1], clouds, { coupling: "independent" });
  const model = lagrangianFlow(path, { lagrangian, interaction, steps, layers: 2, width: 128, threads: 1 });
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
