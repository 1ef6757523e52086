/** The action s(t, x): one scalar network whose gradient in x is the velocity. */
import { type Dense, dense, type Mlp, mlp } from "../nn/index.ts";
import { concat, grad, type NdArray, ndarray, type Random, type Tensor } from "../tensor/index.ts";

/** s(t, x) of rows: t [B, 1], x [B, d] -> [B]. */
export type Action = (t: Tensor, x: Tensor) => Tensor;

/** A free scalar network and a quadratic skip ½ a(t) |x|² + b(t) · x, which alone is exact for Gaussians of equal shape. */
export interface ActionParams<T = Tensor> {
  readonly net: Mlp<T>;
  /** (t, t²) -> (a, b). */
  readonly skip: Dense<T>;
}

export interface ActionOptions {
  /** Hidden layers and their width. */
  readonly layers?: number;
  readonly width?: number;
}

export function initAction(rng: Random, d: number, { layers = 3, width = 128 }: ActionOptions = {}): ActionParams<NdArray> {
  const net = mlp.init(rng, [d + 1, ...new Array<number>(layers).fill(width), 1]);
  const zero = dense.init(rng, 2, d + 1);
  const w = ndarray(new Float32Array(2 * (d + 1)), [2, d + 1], "f32");
  return { net, skip: { ...zero, w } };
}

/** s(t, x) = net(t, x) + ½ a(t) |x|² + b(t) · x. SiLU: the loss differentiates twice, so the network must be smooth. */
export const action =
  ({ net, skip }: ActionParams): Action =>
  (t, x) => {
    const d = x.shape[1];
    const free = mlp.apply(net, concat([t, x], 1), "silu").squeeze(1);
    const coefficients = dense.apply(skip, concat([t, t.square()], 1));
    const a = coefficients.slice(null, 0);
    const b = coefficients.slice(null, [1, d + 1]);
    return free.add(a.mul(x.square().sum(1)).mul(0.5)).add(b.mul(x).sum(1));
  };

/** ∇s(t, x): [B, 1], [B, d] -> [B, d]. */
export const velocity =
  (s: Action): ((t: Tensor, x: Tensor) => Tensor) =>
  (t, x) =>
    grad((z: Tensor) => s(t, z).sum())(x);
