/** Sizes that transformers share. */
import { TensorError } from "../../errors.ts";

/** Sizes of a transformer. */
export interface TransformerSizes {
  readonly width?: number;
  readonly depth?: number;
  readonly heads?: number;
}

/** @throws TensorError  unless the width divides among the heads */
export function requireHeads(name: string, width: number, heads: number): void {
  if (width % heads) throw new TensorError(`${name}: a width of ${width} does not divide among ${heads} heads`);
}
