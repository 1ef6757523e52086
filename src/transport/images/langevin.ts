/** Annealed Langevin dynamics of pictures: what learned scores are followed by. */
import type { NdArray, Random } from "../../array/index.ts";
import type { Arrays } from "../../tensor/index.ts";
import type { VectorField } from "../lagrangian/lagrangian.ts";
import { annealer } from "../learning/score.ts";
import { joined, parted } from "../motion/particles.ts";
import type { Conditioned } from "./learning/learner.ts";
import { noisePieces } from "./noise-pieces.ts";

/** Langevin steps at each of 99 times 0.01 apart, and how often the last of them comes again. */
const [inner, again] = [10, 10];

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
    let { x } = parted(y as NdArray<"f32">); // as starts are made
    let evaluations = 0;
    const levels = async (start: number, end: number, all: number) => {
      for (const { first, steps } of noisePieces(all, inner * x.data.length)) {
        const at = (k: number): number => start + ((end - start) * k) / all;
        const moved = await anneal(params, x, at(first), [at(first + steps)], { stepSize, inner, steps, rng });
        x = moved.clouds[0];
        evaluations += moved.evaluations;
      }
    };
    const ends = to >= 1;
    const last = ends ? to - (to - from) / count : to;
    await levels(from, last, count - (ends ? 1 : 0));
    if (ends) await levels(last, last, again);
    return { y: joined(x), evaluations };
  };
}
