/**
 * Are bootstrap errors of distances between clouds right? Two normal clouds in five dimensions: the spread of each distance over
 * independent samples, and
 * what the bootstrap says of single samples.
 *
 *   npm run study:bootstrap
 */
import { type NdArray, ndarray, type Random, randomStream } from "../src/array/index.ts";
import { deviations, distances, spread } from "../src/distances/index.ts";

const d = 5;
const [samples, judged] = [80, 12];
const keys = ["w1", "w2", "mmd"] as const;

function cloud(rng: Random, n: number, shift: number, scale: number): NdArray<"f32"> {
  const z = rng.normal([n, d]).data;
  return ndarray(z.map((v, i) => v * scale + (i % d === 0 ? shift : 0)) as Float32Array<ArrayBuffer>, [n, d], "f32");
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]): number => spread(values.map((v) => v - mean(values)));

console.log("| points | shift, scale | W1 | spread W1 | bootstrap | spread W2 | bootstrap | spread MMD² | bootstrap |");
console.log("|---|---|---|---|---|---|---|---|---|");
const cases = [
  [200, 200, 0.7, 1],
  [200, 200, 0.1, 1],
  [100, 300, 0.5, 1.5],
  [800, 800, 0.7, 1],
] as const;
for (const [n, m, shift, scale] of cases) {
  const rng = randomStream(1);
  const values = { w1: [] as number[], w2: [] as number[], mmd: [] as number[] };
  const errors = { w1: [] as number[], w2: [] as number[], mmd: [] as number[] };
  for (let r = 0; r < samples; r++) {
    const [x, y] = [{ x: cloud(rng, n, 0, 1) }, { x: cloud(rng, m, shift, scale) }];
    const found = distances(x, y);
    for (const key of keys) values[key].push(found[key]);
    if (r >= judged) continue;
    const resampled = deviations(x, y, rng.fold(r));
    for (const key of keys) errors[key].push(spread(resampled[key]));
  }
  const cells = keys.flatMap((key) => [deviation(values[key]).toFixed(4), mean(errors[key]).toFixed(4)]);
  console.log(`| ${[`${n}, ${m}`, `${shift}, ${scale}`, mean(values.w1).toFixed(3), ...cells].join(" | ")} |`);
}
