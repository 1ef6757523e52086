/** Parameters of layers as matrices, and those of no layer. */
import { concat, type Tensor } from "../../tensor/index.ts";
import type { Mask } from "../optimizer.ts";
import { leavesByPath } from "../units.ts";
import type { Layer } from "./layers.ts";

/** By path of a parameter; of the weight, for what belongs to a layer. */
export type ByPath<T> = Readonly<Record<string, T>>;

/** f of each layer. */
export const eachLayer = <T>(layers: readonly Layer[], f: (layer: Layer) => T): ByPath<T> =>
  Object.fromEntries(layers.map((layer) => [layer.weight, f(layer)]));

/** Matrix of a layer's weight (or its gradient) with the bias: [in (+ 1), out], or [out, in (+ 1)]. */
export function joinLayer({ weight, bias, inputs, outputs, inputsFirst }: Layer, at: ByPath<Tensor>): Tensor {
  const w = at[weight].reshape(inputsFirst ? [inputs, outputs] : [outputs, inputs]);
  if (bias === undefined) return w;
  return inputsFirst ? concat([w, at[bias].reshape([1, outputs])], 0) : concat([w, at[bias].reshape([outputs, 1])], 1);
}

/** The parameters of a layer from its matrix: the inverse of `joinLayer`. */
export function splitLayer({ weight, bias, inputs, inputsFirst }: Layer, m: Tensor, at: ByPath<Tensor>): ByPath<Tensor> {
  if (bias === undefined) return { [weight]: m.reshape(at[weight].shape) };
  const cut = (from: number, to: number): Tensor => (inputsFirst ? m.slice([from, to]) : m.slice(null, [from, to]));
  return { [weight]: cut(0, inputs).reshape(at[weight].shape), [bias]: cut(inputs, inputs + 1).reshape(at[bias].shape) };
}

/** Which layers are preconditioned: those of the mask, with or without tables. */
export interface Choice {
  readonly layers?: Mask;
  readonly tables: boolean;
}

/** Layers of which all parameters are present; a layer whose bias is elsewhere loses it. */
export function present(layers: readonly Layer[], at: ReadonlyMap<string, unknown>, { layers: mask, tables }: Choice): Layer[] {
  return layers.flatMap((layer) => {
    const leaf = at.get(layer.weight) as { shape: readonly number[] } | undefined;
    if (!leaf || (layer.kind === "embedding" && !tables) || (mask && !mask(layer.weight, leaf.shape))) return [];
    if (layer.bias === undefined || at.has(layer.bias)) return [layer];
    const { bias: _, ...rest } = layer;
    return [rest];
  });
}

/** Leaves that belong to layers, and the others. */
export function divide<T>(tree: unknown, layers: readonly Layer[]): [ByPath<T>, ByPath<T>] {
  const covered = new Set(layers.flatMap(({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias])));
  const all = [...leavesByPath<T>(tree)];
  return [Object.fromEntries(all.filter(([path]) => covered.has(path))), Object.fromEntries(all.filter(([path]) => !covered.has(path)))];
}
