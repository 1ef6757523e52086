/** Features of a time in which a network can resolve it. */

import type { NdArray, Random } from "../array/index.ts";
import * as nd from "../array/index.ts";
import * as errors from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import * as t from "../tensor/index.ts";

/** sin and cos of t times each frequency: [...] -> [..., 2 n]. */
function waves(time: Tensor, frequencies: Tensor | NdArray): Tensor {
  const phase = time.expandDims(-1).mul(frequencies);
  return t.concat([t.sin(phase), t.cos(phase)], -1);
}

/**
 * Sinusoidal features: sin and cos of ω_k t, with ω_k = maxPeriod^(-k / (n/2)), k = 0, …, n/2 - 1.
 *
 * @param time       [...], in the units of the shortest wave: 2π; a time in [0, 1] is commonly multiplied by 1000 before
 * @param features   n, even
 * @returns  [..., n]
 * @source   Vaswani et al., NeurIPS 2017, section 3.5
 */
export function sinusoidalFeatures(time: Tensor, features: number, maxPeriod = 10_000): Tensor {
  const half = checkEven(features);
  return waves(
    time,
    frequenciesOf(time, half, (k) => maxPeriod ** (-k / half)),
  );
}

/** Fourier features on [0, 1]: sin and cos of 2π k t, k = 1, …, n/2. [...] -> [..., n]. */
export function fourierFeatures(time: Tensor, features: number): Tensor {
  const half = checkEven(features);
  return waves(
    time,
    frequenciesOf(time, half, (k) => 2 * Math.PI * (k + 1)),
  );
}

function checkEven(features: number): number {
  if (!(Number.isInteger(features) && features > 0 && features % 2 === 0))
    throw new errors.TensorError(`time features: ${features} is not a positive even number`);
  return features / 2;
}

function frequenciesOf(time: Tensor, n: number, f: (k: number) => number): NdArray {
  const dtype = time.dtype === "f64" ? "f64" : "f32";
  return nd.array(
    Array.from({ length: n }, (_, k) => f(k)),
    dtype,
  );
}

/**
 * Random Fourier features of points: sin and cos of 2π B x with B normal of a standard deviation, fixed or learned.
 *
 * @source  Tancik et al., NeurIPS 2020
 */
export const randomFourier = {
  /** @param deviation  of the frequencies, per unit of x */
  init(rng: Random, inputs: number, features: number, deviation = 1): { b: NdArray } {
    const b = rng.normal([inputs, checkEven(features)]);
    for (let i = 0; i < b.data.length; i++) b.data[i] *= deviation;
    return { b };
  },
  /** [..., inputs] -> [..., features] */
  apply({ b }: { b: Tensor }, x: Tensor): Tensor {
    const phase = x.matmul(b).mul(2 * Math.PI);
    return t.concat([t.sin(phase), t.cos(phase)], -1);
  },
};
