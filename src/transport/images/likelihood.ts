/** How probable pictures are under the motion of a model, in bits a dimension. */
import { ndarray, type Random, sizeOf, toNumbers } from "../../array/index.ts";
import { type Arrays, jit, sign, type Tensor } from "../../tensor/index.ts";
import { traceFlow } from "../motion/densities.ts";
import { type Pictures, seenOf } from "./learning/batch.ts";
import type { ImageModel } from "./learning/learner.ts";
import type { ImageNet } from "./learning/network.ts";
import { toRows } from "./shape.ts";
import { type ImageSolver, imageSolver } from "./solvers.ts";

/** Logarithms of densities of pictures, [n], in nats of [-1, 1]^d. */
export type PictureDensity = (net: Arrays<ImageNet>, pictures: Pictures, rng: Random) => Promise<Float64Array>;

/** Whether pictures have densities: under motions without noise and growth, from normal noise. */
export const hasDensity = ({ problem: { schedule, task }, dynamics, setting: { noise, growth } }: ImageModel): boolean =>
  dynamics !== undefined && noise === 0 && growth === 0 && schedule.mix !== undefined && !task.restores && !task.needs;

/**
 * log q(x) = log N(z; 0, 1) + ∫ div v dt along the way from the picture x to its start z, with one random probe a picture: unbiased.
 *
 * @throws RangeError  without a density
 * @source  Chen et al., NeurIPS 2018, theorem 1; Grathwohl et al., ICLR 2019
 */
export function logDensities(model: ImageModel, solver: ImageSolver = imageSolver("heun-25"), threads?: number): PictureDensity {
  const { problem, dynamics } = model;
  const { schedule } = problem;
  if (!dynamics || !hasDensity(model)) throw new RangeError("logDensities: only of motions without noise and growth, from normal noise");
  const times = ndarray(Float32Array.of(schedule.clean, schedule.spoilt), [2], "f32");
  const trace = jit(
    (net: ImageNet, pictures: Pictures<Tensor>, ends: Tensor, noise: Tensor) => {
      const { x } = seenOf(problem, pictures);
      const { x: z, divergence } = traceFlow(dynamics({ net }), toRows(x), ends, sign(noise), solver);
      return { squares: z.square().sum(1), divergence };
    },
    { threads },
  );
  return async (net, pictures, rng) => {
    const [n, ...shape] = pictures.pixels.shape;
    const d = sizeOf(shape);
    const { squares, divergence } = await trace(net, pictures, times, rng.normal([n, d]));
    const along = toNumbers(divergence);
    return Float64Array.from(toNumbers(squares), (s, i) => -s / 2 - (d / 2) * Math.log(2 * Math.PI) + along[i]);
  };
}
