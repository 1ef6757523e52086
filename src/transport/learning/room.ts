/**
 * Where particles may go. Outside of the data a learned field is a guess that grows with the distance, and a particle that leaves would run
 * away exponentially; so what carries it farther out fades to nothing there.
 */
import { array, type NdArray } from "../../array/index.ts";
import { clamp, maximum, minimum, type Tensor } from "../../tensor/index.ts";
import type { VectorField } from "../lagrangian/lagrangian.ts";
import type { Cloud } from "../paths/cloud.ts";

/** The box of the particles that are learned from, feature by feature, and how far beyond it particles may go. */
export interface Room {
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly margin: readonly number[];
}

/**
 * Margins in extents of the box: a half, as straight lines between particles never leave it; under forces and along curves, which may carry
 * paths out, two, the bound of corrections.
 */
const margins = { free: 0.5, forced: 2 } as const;

/**
 * @param clouds    that are learned from
 * @param forced    may paths leave the box between snapshots?
 * @param forecast  how far beyond the last of them is predicted, over their time span: the free half of the margin lets particles go on so
 *                  far as steadily as they came
 */
export function roomOf(clouds: readonly Cloud[], forced: boolean, forecast = 0): Room {
  const d = clouds[0].points.shape[1];
  const low = new Array<number>(d).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(d).fill(Number.NEGATIVE_INFINITY);
  for (const { points } of clouds)
    for (let i = 0; i < points.data.length; i++) {
      low[i % d] = Math.min(low[i % d], points.data[i]);
      high[i % d] = Math.max(high[i % d], points.data[i]);
    }
  const share = (forced ? margins.forced : margins.free) + 2 * forecast;
  const extents = low.map((v, j) => high[j] - v);
  const widest = Math.max(...extents);
  // clouds on a line have no extent across it, but margins there all the same
  return { low, high, margin: extents.map((extent) => share * (extent || widest)) };
}

/**
 * Outward components of a velocity, the whole of them up to the middle of the margin, then ever less of them, and none from its end on.
 *
 * @param direction  of the time in which particles move, ±1
 */
export function within({ low, high, margin }: Room, v: Tensor, x: Tensor, direction: Tensor | number = 1): Tensor {
  const row = (values: readonly number[]): NdArray => array([...values], x.dtype === "f64" ? "f64" : "f32");
  const left = (beyond: Tensor): Tensor => clamp(beyond.div(row(margin)).mul(-2).add(2), 0, 1);
  const motion = v.mul(direction);
  const up = maximum(motion, 0).mul(left(x.sub(row(high))));
  const down = minimum(motion, 0).mul(left(x.sub(row(low)).neg()));
  return up.add(down).mul(direction);
}

/** Dynamics that keep their particles in a room; without one, as they are. */
export function kept<D extends { readonly drift: VectorField; readonly flow?: VectorField }>(
  dynamics: D,
  room: Room | undefined,
  direction: Tensor | number = 1,
): D {
  if (!room) return dynamics;
  const { drift, flow } = dynamics;
  const held =
    (f: VectorField): VectorField =>
    (t, x) =>
      within(room, f(t, x), x, direction);
  return { ...dynamics, drift: held(drift), ...(flow && { flow: held(flow) }) };
}
