/** What passes through the linear maps of a wave function, forward and backward: gradients of log q of single walkers are made of it. */
import { type Tensor, valueAndGrad } from "../../tensor/index.ts";
import { type Ansatz, type Parameters, waveOf } from "../ansatz/ansatz.ts";
import { copiesFor, tappedNetwork, type Use, zeros } from "../ansatz/network.ts";

/** Of a linear map: its inputs [inputs, ..., walkers], and ∂ log q_b by its results [outputs, ..., walkers]. */
export interface Passage {
  readonly x: Tensor;
  readonly delta: Tensor;
}

export interface Passages {
  readonly linear: Readonly<Record<string, Passage>>;
  /** ∂ log q_b by other parameters: [..., walkers]. */
  readonly other: Readonly<Record<string, Tensor>>;
}

/** One pass forward and one backward: nothing is computed walker by walker. */
export function passages(ansatz: Ansatz, parameters: Parameters<Tensor>, x: Tensor): Passages {
  const walkers = x.shape[x.rank - 1];
  const copies = copiesFor(parameters, walkers);
  const shapes = new Map<string, readonly number[]>();
  waveOf(
    ansatz,
    x,
    tappedNetwork(parameters, {}, copies, (name, { shape }) => shapes.set(name, shape)),
  );
  const offsets = Object.fromEntries([...shapes].map(([name, shape]) => [name, zeros(shape, x)]));
  const [[, uses], slopes] = valueAndGrad(
    (taps: { readonly offsets: Record<string, Tensor>; readonly copies: Record<string, Tensor> }): [Tensor, Record<string, Tensor>] => {
      const seen: Record<string, Tensor> = {};
      const note = (name: string, use: Use): void => {
        seen[name] = use.x;
      };
      const { logAbs } = waveOf(ansatz, x, tappedNetwork(parameters, taps.offsets, taps.copies, note));
      return [logAbs.sum().mul(2), seen];
    },
    { aux: true },
  )({ offsets, copies });
  return {
    linear: Object.fromEntries(Object.entries(uses).map(([name, inputs]) => [name, { x: inputs, delta: slopes.offsets[name] }])),
    other: slopes.copies,
  };
}
