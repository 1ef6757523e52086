/**
 * Initial parameters. Variance scaling keeps the size of activations (fan in) or gradients (fan out) from layer to layer.
 *
 * Fans of a shape: [in, out] for products x W; [O, C, ...kernel] for convolutions, in = C |kernel|, out = O |kernel|.
 */
import { allocate, type NdArray, type Random, type Shape, sizeOf } from "../array/index.ts";

/** Dtypes of parameters. */
export type FloatDType = "f32" | "f64";

/** Dtype and fans of an array to make. */
export interface InitializerOptions {
  readonly dtype?: FloatDType;
  /** [in, out], where the shape alone does not tell. */
  readonly fans?: readonly [number, number];
}

/** Makes the first value of a parameter of a shape. */
export type Initializer = (rng: Random, shape: Shape, options?: InitializerOptions) => NdArray<FloatDType>;

function fansOf(shape: Shape): readonly [number, number] {
  if (shape.length < 2) return [sizeOf(shape), sizeOf(shape)];
  const kernel = sizeOf(shape.slice(2));
  return shape.length === 2 ? [shape[0], shape[1]] : [shape[1] * kernel, shape[0] * kernel];
}

function filled(value: number): Initializer {
  return (_, shape, { dtype = "f32" } = {}) => {
    const a = allocate(dtype, shape);
    a.data.fill(value);
    return a;
  };
}

/** All 0. */
export const zeros: Initializer = filled(0);
/** All 1. */
export const ones: Initializer = filled(1);

/** Normal of mean 0 and a standard deviation. */
export const normal =
  (deviation: number): Initializer =>
  (rng, shape, { dtype = "f32" } = {}) =>
    scaled(rng.normal(shape, dtype), deviation);

/** Uniform on (-bound, bound). */
export const uniform =
  (bound: number): Initializer =>
  (rng, shape, { dtype = "f32" } = {}) =>
    rng.uniform(shape, dtype, -bound, bound);

/** Standard deviation of the standard normal on [-2, 2]: √(1 - 4 φ(2) / (2 Φ(2) - 1)). */
const truncatedDeviation = 0.87962566103423978;

/** Normal cut at two standard deviations and rescaled, so that `deviation` is the standard deviation of the result. */
export const truncatedNormal =
  (deviation: number): Initializer =>
  (rng, shape, { dtype = "f32" } = {}) =>
    scaled(rng.truncatedNormal(shape, -2, 2, dtype), deviation / truncatedDeviation);

/** Variance `scale` / fan, where fan is in, out or their mean. */
export const varianceScaling =
  (scale: number, fan: "in" | "out" | "mean", distribution: "normal" | "uniform"): Initializer =>
  (rng, shape, options = {}) => {
    const [fanIn, fanOut] = options.fans ?? fansOf(shape);
    const variance = scale / Math.max(1, fan === "in" ? fanIn : fan === "out" ? fanOut : (fanIn + fanOut) / 2);
    const initializer = distribution === "normal" ? normal(Math.sqrt(variance)) : uniform(Math.sqrt(3 * variance));
    return initializer(rng, shape, options);
  };

/** Variance 2 / (in + out). Glorot & Bengio, AISTATS 2010. */
export const glorotNormal = varianceScaling(1, "mean", "normal");
/** Variance 2 / (in + out), uniform. */
export const glorotUniform = varianceScaling(1, "mean", "uniform");
/** Variance 1 / in. LeCun et al., Efficient BackProp, 1998. */
export const lecunNormal = varianceScaling(1, "in", "normal");
/** Variance 1 / in, uniform. */
export const lecunUniform = varianceScaling(1, "in", "uniform");
/** Variance 2 / in, for rectifiers. He et al., ICCV 2015. */
export const heNormal = varianceScaling(2, "in", "normal");
/** Variance 2 / in, for rectifiers, uniform. */
export const heUniform = varianceScaling(2, "in", "uniform");

/**
 * gain Q, with Q uniform on matrices of orthonormal rows or columns, whichever are fewer; axes after the first count as columns.
 *
 * @source  Saxe et al., ICLR 2014; uniformity by Gram-Schmidt of a normal matrix (Mezzadri, Notices AMS 54, 2007)
 */
export const orthogonal =
  (gain = 1): Initializer =>
  (rng, shape, { dtype = "f32" } = {}) => {
    const rows = shape[0] ?? 1;
    const columns = sizeOf(shape.slice(1));
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    const basis = orthonormalize(rng.normal([count, length], "f64").data, count, length);
    const result = allocate(dtype, shape);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        result.data[i * columns + j] = gain * (rows <= columns ? basis[i * length + j] : basis[j * length + i]);
    return result;
  };

/** Gram-Schmidt on rows, each projected twice: orthogonal to rounding. */
function orthonormalize(a: Float64Array, count: number, length: number): Float64Array {
  for (let i = 0; i < count; i++) {
    const row = a.subarray(i * length, (i + 1) * length);
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        const other = a.subarray(j * length, (j + 1) * length);
        let along = 0;
        for (let k = 0; k < length; k++) along += row[k] * other[k];
        for (let k = 0; k < length; k++) row[k] -= along * other[k];
      }
    const norm = Math.sqrt(row.reduce((s, v) => s + v * v, 0));
    for (let k = 0; k < length; k++) row[k] /= norm;
  }
  return a;
}

function scaled(a: NdArray<FloatDType>, factor: number): NdArray<FloatDType> {
  for (let i = 0; i < a.data.length; i++) a.data[i] *= factor;
  return a;
}
