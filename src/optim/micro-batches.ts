/** Gradient and curvature of a loss, of a whole batch or piece by piece. */
import { mapTree } from "../array/index.ts";
import { UserError } from "../errors.ts";
import { scan, type Tensor, valueAndGrad } from "../tensor/index.ts";
import { type WithFisher, withCurvature } from "./curvature/capture.ts";
import type { Curvature } from "./curvature/layers.ts";
import type { Optimizer, State } from "./optimizer.ts";

/** What an update needs of the loss. */
export interface Measured<P> {
  readonly value: Tensor;
  readonly grads: P;
  readonly curvature?: Curvature;
  readonly statistics?: State;
}

/** A loss, or a loss with the scalars whose curvature counts. */
export type Loss<P, D extends unknown[]> = (params: P, ...data: D) => Tensor | WithFisher;

/** Value and gradient of the loss, and the curvature if it is asked for. */
export function differentiate<P, D extends unknown[]>(loss: Loss<P, D>, curved: boolean, params: P, data: D): Measured<P> {
  if (!curved) {
    const first = (p: P, ...d: D): Tensor => {
      const result = loss(p, ...d);
      return (Array.isArray(result) ? result[0] : result) as Tensor;
    };
    const [value, grads] = valueAndGrad(first)(params, ...data);
    return { value, grads: grads as P };
  }
  const [value, grads, curvature] = withCurvature(loss)(params, ...data);
  return { value, grads: grads as P, curvature };
}

/** How many equal pieces of so many examples together, and what the loss is of its examples. */
export interface Pieces {
  readonly count: number;
  readonly batchSize: number;
  readonly reduction: "mean" | "sum";
}

/** The same, one piece of the batch after another, gradients and statistics added up: nothing else is kept between them. */
export function differentiatePieces<P, D extends unknown[], S>(
  loss: Loss<P, D>,
  optimizer: Optimizer<S>,
  state: S,
  params: P,
  data: D,
  { count, batchSize, reduction }: Pieces,
): Measured<P> {
  type Sums = { readonly value: Tensor; readonly grads: P; readonly statistics: State };
  let layers: Curvature | undefined;
  const one = (piece: D): Sums => {
    const { value, grads, curvature } = differentiate(loss, optimizer.statistics !== undefined, params, piece);
    layers = curvature;
    const context = { batchSize: batchSize / count, curvature, pieces: { count, reduction } };
    const statistics = optimizer.statistics?.(state, params, context) ?? {};
    return { value, grads, statistics };
  };
  const cut = inPieces(data, count);
  const [first, others] = [0, 1].map((i) => mapTree<D>((x: Tensor) => (i ? x.slice([1, count]) : x.slice(0)), cut));
  const { carry } = scan(
    (sum: Sums, piece: D) => ({ carry: mapTree<Sums>((a: Tensor, b: Tensor) => a.add(b), sum, one(piece)) }),
    one(first),
    others,
  );
  const share = reduction === "mean" ? 1 / count : 1;
  const sums = { value: carry.value, grads: carry.grads };
  const { value, grads } = mapTree<typeof sums>((x: Tensor) => x.mul(share), sums);
  if (!layers) return { value, grads };
  return { value, grads, curvature: { ...layers, seen: {} }, statistics: carry.statistics };
}

/** Data with the pieces as their first axis. @throws UserError  unless they are equal */
const inPieces = <D>(data: D, count: number): D =>
  mapTree<D>((x: Tensor) => {
    if (x.rank === 0 || x.shape[0] % count)
      throw new UserError(
        `a batch of shape [${x.shape.join(", ")}] does not split into ${count} equal pieces`,
        "choose a number of micro-batches that divides the batch",
      );
    return x.reshape([count, x.shape[0] / count, ...x.shape.slice(1)]);
  }, data);
