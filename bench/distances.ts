/** Milliseconds for distances between Gaussian clouds in five dimensions: `npm run bench -- distances`. Best of five. */
import { randomStream } from "../src/array/random.ts";
import { mmd, optimalTransport, sinkhorn, slicedWasserstein } from "../src/distances/index.ts";

export async function main(_args: readonly string[]): Promise<void> {
  const random = randomStream(0);
  for (const n of [550, 1000, 2000]) {
    const [x, y] = [random.normal([n, 5]), random.normal([n, 5])];
    const weights = { x: random.exponential([n]).data, y: random.exponential([n]).data };
    const jobs: Record<string, () => unknown> = {
      "exact W1": () => optimalTransport(x, y, { power: 1 }),
      "exact W2": () => optimalTransport(x, y),
      "exact W1, weighted": () => optimalTransport(x, y, { power: 1, weights }),
      "Sinkhorn, ε = mean cost / 20": () => sinkhorn(x, y),
      "sliced W2, 500 directions": () => slicedWasserstein(x, y),
      "MMD, six kernels": () => mmd(x, y),
    };
    for (const [name, job] of Object.entries(jobs)) console.log(`${n} x ${n}  ${name.padEnd(30)}${best(job).toFixed(1).padStart(8)} ms`);
  }
}

function best(job: () => unknown): number {
  job();
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const start = performance.now();
      job();
      return performance.now() - start;
    }),
  );
}
