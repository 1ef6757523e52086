/** What it costs to go from a particle of one snapshot to one of the next, where a drift is free and velocities have a convex cost. */

import { type NdArray, ndarray } from "../../array/index.ts";
import { constantSteps, integrate, rungeKutta4 } from "../../solve/index.ts";
import { jit, type Tensor } from "../../tensor/index.ts";
import type { ConvexCost } from "../lagrangian/costs.ts";
import type { Lagrangian, VectorField } from "../lagrangian/lagrangian.ts";

/** The parts of a Lagrangian that decide which particles belong together. */
export type PairMotion = Pick<Partial<Lagrangian>, "drift" | "cost">;

/**
 * Both snapshots after the drift has carried them to the middle of their interval, x forward and y backward: dx/dt = b(t, x). There the
 * distance of two particles is what has to be paid for. Exact for drifts that keep distances (shifts, rotations); for others lengths change
 * on the way, by the first order of ∇b from one end and back from the other. Where a drift leads out of all numbers, the points stay as
 * they are.
 *
 * @param x, y    [n, d], [m, d]
 * @param start, end  their times
 */
export async function carriedToMiddle(
  x: NdArray<"f32">,
  y: NdArray<"f32">,
  drift: VectorField,
  start: number,
  end: number,
): Promise<[NdArray<"f32">, NdArray<"f32">]> {
  const middle = (start + end) / 2;
  const moved = await Promise.all([carried(x, drift, start, middle), carried(y, drift, end, middle)]);
  return moved.every(({ data }) => data.every(Number.isFinite)) ? (moved as [NdArray<"f32">, NdArray<"f32">]) : [x, y];
}

async function carried(x: NdArray<"f32">, drift: VectorField, from: number, to: number): Promise<NdArray<"f32">> {
  const [n] = x.shape;
  const field = (t: Tensor, z: Tensor): Tensor => drift(t.broadcastTo([n, 1]), z);
  const method = { solver: rungeKutta4, control: constantSteps(20), save: "end" } as const;
  const run = jit((z: Tensor, times: Tensor) => integrate(field, z, times, method).states);
  return (await run(x, ndarray(Float32Array.of(from, to), [2], "f32"))) as NdArray<"f32">;
}

/** Most numbers of differences at a time. */
const block = 2 ** 20;

/** T c((y_j - x_i) / T), [n, m] row by row, of straight lines in time T. */
export async function pairCosts(x: NdArray<"f32">, y: NdArray<"f32">, cost: ConvexCost, gap: number): Promise<Float32Array> {
  const [n, d] = x.shape;
  const m = y.shape[0];
  const rows = Math.max(1, Math.min(n, Math.floor(block / (m * d))));
  const run = jit((from: Tensor, to: Tensor) => {
    const way = to.expandDims(0).sub(from.expandDims(1)).div(gap);
    return cost.of(way.reshape([from.shape[0] * m, d])).mul(gap);
  });
  const costs = new Float32Array(n * m);
  for (let i = 0; i < n; i += rows) {
    const part = ndarray(x.data.slice(i * d, (i + rows) * d), [Math.min(rows, n - i), d], "f32");
    costs.set((await run(part, y)).data as Float32Array, i * m);
  }
  return costs;
}
