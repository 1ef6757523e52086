/** Random numbers per second on one core: `npm run bench -- random`. Best of seven fills, after one to warm up. */
import { randomStream } from "../src/array/random.ts";

export async function main(_args: readonly string[]): Promise<void> {
  const random = randomStream(0);
  const n = 2 ** 21;
  for (const draw of ["fillNormal", "fillUniform"] as const)
    for (const target of [new Float32Array(n), new Float64Array(n)]) {
      const dtype = target instanceof Float32Array ? "f32" : "f64";
      const seconds = best(() => random[draw](target));
      console.log(`${draw.padEnd(12)} ${dtype}  ${(n / seconds / 1e6).toFixed(0).padStart(4)} million/s`);
    }
  for (const draw of ["exponential", "gumbel"] as const)
    console.log(`${draw.padEnd(12)} f32  ${(n / best(() => random[draw]([n])) / 1e6).toFixed(0).padStart(4)} million/s`);
  const seconds = best(() => random.truncatedNormal([n], -2, 2));
  console.log(`truncated 2  f32  ${(n / seconds / 1e6).toFixed(0).padStart(4)} million/s`);
  console.log(`permutation  i32  ${(n / best(() => random.permutation(n)) / 1e6).toFixed(0).padStart(4)} million/s`);
}

function best(f: () => void): number {
  f();
  let seconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 7; i++) {
    const start = performance.now();
    f();
    seconds = Math.min(seconds, (performance.now() - start) / 1e3);
  }
  return seconds;
}
