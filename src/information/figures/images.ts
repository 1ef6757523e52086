/** Pictures of models of images: what chains at a data point's posterior decode to, and where they stand. Needs Node. */
import * as Plot from "@observablehq/plot";
import { array, type NdArray, randomStream, sizeOf, toNumbers } from "../../array/index.ts";
import { type Figure, palette, plot, sheet, tiles } from "../../plots/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import { type Joint, type JointPairs, rowsOf } from "../models/joint.ts";

/** Channels, height and width of one x, if it is an image: [c, h, w], [h, w], or a square number of pixels. */
export function imageShape(observed: readonly number[]): readonly number[] | undefined {
  if (observed.length === 3 && (observed[0] === 1 || observed[0] === 3) && observed[1] > 3) return observed;
  if (observed.length === 2 && observed[0] > 3 && observed[1] > 3) return [1, ...observed];
  const side = Math.round(Math.sqrt(sizeOf(observed)));
  return observed.length === 1 && side * side === observed[0] && side >= 8 ? [1, side, side] : undefined;
}

/** Pixels in [0, 1]; where the means that a model gives go well below 0 they are taken as [-1, 1]. */
function unit(pixels: readonly number[], means: readonly number[]): Float32Array {
  const sorted = means.toSorted((a, b) => a - b);
  const signed = sorted[Math.floor(0.02 * (sorted.length - 1))] < -0.2;
  return Float32Array.from(pixels, (v) => (signed ? (v + 1) / 2 : v));
}

const decoded = (joint: Joint, u: NdArray): Promise<NdArray> => jit((z: Tensor) => joint.likelihood.mean(joint.decode(z)))(u);

/** Lines: data, what their own latents decode to, and the ends of three forward chains each: draws of the posterior. */
export async function posteriorFigure(joint: Joint, { u, x }: JointPairs, ends: NdArray): Promise<Figure | undefined> {
  const shape = imageShape(joint.observed);
  if (!shape) return undefined;
  const B = x.shape[0];
  const columns = Math.min(12, B);
  const chains = Math.min(3, ends.shape[0] / B);
  const ofChain = Array.from({ length: chains }, (_, k) => rowsOf(ends, k * B, k * B + columns));
  const images = [rowsOf(x, 0, columns), await decoded(joint, rowsOf(u, 0, columns))];
  for (const rows of ofChain) images.push(await decoded(joint, rows));
  const lines = ["x", "its latent", ...ofChain.map((_, k) => `chain ${k + 1}`)];
  return {
    name: "posterior",
    title: "Draws of the posterior",
    caption:
      "First line: x as it was drawn. Second: what its latent decodes to. Below: what the ends of forward chains decode to, draws of p(z|x) if the chains have arrived. What they have in common is what x says of z.",
    svg: await sheet(unit(images.flatMap(toNumbers), toNumbers(images[1])), shape, columns, { lines, zoom: 3 }),
  };
}

/** Two latents: chains' ends of some data points over what the plane decodes to. */
export async function planeFigure(joint: Joint, { u }: JointPairs, ends: NdArray): Promise<Figure | undefined> {
  const shape = imageShape(joint.observed);
  if (!shape || joint.latent !== 2) return undefined;
  const [side, reach] = [15, 3];
  const at = (i: number): number => -reach + ((i + 0.5) * 2 * reach) / side;
  const grid = Array.from({ length: side * side }, (_, i) => [at(i % side), -at(Math.floor(i / side))]).flat();
  const images = await decoded(joint, array(grid, joint.dtype, [side * side, 2]));
  const made = await tiles(unit(toNumbers(images), toNumbers(images)), shape, side, { zoom: 1, gap: 0 });
  const B = u.shape[0];
  const shown = randomStream(0).fold("plane").permutation(B).data.subarray(0, Math.min(5, B));
  const own = toNumbers(u);
  const dots = Array.from(shown, (b, i) =>
    Array.from({ length: ends.shape[0] / B }, (_, k) => {
      const row = 2 * (k * B + b);
      return { x: Number(ends.data[row]), y: Number(ends.data[row + 1]), point: String(i + 1) };
    }),
  ).flat();
  const crosses = Array.from(shown, (b, i) => ({ x: own[2 * b], y: own[2 * b + 1], point: String(i + 1) }));
  return {
    name: "plane",
    title: "Chains over the latent plane",
    caption:
      "What the plane of latents decodes to, and for some data points the ends of their forward chains (dots) about the latent they were drawn from (cross). The smaller a cloud, the more x says of z.",
    svg: plot({
      ...{ width: 560, height: 540 },
      x: { domain: [-reach, reach], label: "z₁" },
      y: { domain: [-reach, reach], label: "z₂" },
      color: { legend: true, label: "data point", range: palette.slice(1, 6) },
      marks: [
        Plot.image([made.uri], { x: 0, y: 0, src: (d: string) => d, width: 480, height: 450, preserveAspectRatio: "none", opacity: 0.75 }),
        Plot.dot(dots, { x: "x", y: "y", fill: "point", stroke: "white", strokeWidth: 0.5, r: 3.5, clip: true }),
        Plot.dot(crosses, { x: "x", y: "y", stroke: "point", symbol: "times", strokeWidth: 3, r: 8, clip: true }),
      ],
    }),
  };
}
