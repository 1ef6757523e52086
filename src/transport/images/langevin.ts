/** Annealed Langevin dynamics of pictures: what learned scores are followed by. */
import { type NdArray, ndarray, type Random } from "../../array/index.ts";
import type { Arrays } from "../../tensor/index.ts";
import type { VectorField } from "../lagrangian/lagrangian.ts";
import { annealer } from "../learning/score.ts";
import type { Conditioned } from "./learning/learner.ts";

/** Langevin steps at each of 99 times 0.01 apart, and after the last of them. */
const [inner, final] = [10, 100];

/**
 * Times t (0: noise, 1: pictures) in steps of dt = 0.01 with ε = (6e-5 / dt²) (1 - t + dt)².
 *
 * @source  the published code of Neklyudov et al., ICML 2023: 1,090 evaluations
 */
const stepSize = (time: number): number => 0.6 * (1.01 - time) ** 2;

/** Moves [x, log w] from one time to the next in a hundredth of the way a step; the last hundredth stays at its time for longer. */
export function langevin(score: (params: Conditioned) => VectorField, threads?: number) {
  const anneal = annealer(score, threads);
  return async (params: Arrays<Conditioned>, y: NdArray, from: number, to: number, count: number, rng: Random) => {
    const [n, width] = y.shape;
    const rows = Float32Array.from({ length: n * (width - 1) }, (_, i) =>
      Number(y.data[Math.floor(i / (width - 1)) * width + (i % (width - 1))]),
    );
    const ends = to >= 1;
    const steps = count - (ends ? 1 : 0);
    let x = ndarray(rows, [n, width - 1], "f32");
    let evaluations = 0;
    const run = async (start: number, end: number, steps: number, inner: number) => {
      const moved = await anneal(params, x, start, [end], { stepSize, inner, steps, rng });
      x = moved.clouds[0];
      evaluations += moved.evaluations;
    };
    const before = ends ? from + ((to - from) * steps) / count : to;
    if (steps > 0) await run(from, before, steps, inner);
    if (ends) await run(before, before, 1, final);
    const joined = new Float32Array(n * width);
    for (let i = 0; i < n; i++) joined.set(x.data.subarray(i * (width - 1), (i + 1) * (width - 1)), i * width);
    return { y: ndarray(joined, [n, width], "f32"), evaluations };
  };
}
