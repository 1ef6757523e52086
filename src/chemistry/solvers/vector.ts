/** Parameters as one vector: for each linear map its weight and bias, then the others, each in the order of their names. */
import { type NdArray, ndarray } from "../../array/index.ts";
import type { Linear, Parameters } from "../ansatz/ansatz.ts";

/** Sorted by name, as trees that went through a program are: an order that does not depend on who made the record. */
export const byName = <T>(record: Readonly<Record<string, T>>): [name: string, value: T][] =>
  Object.keys(record)
    .sort()
    .map((name) => [name, record[name]]);

/** All arrays in the order of the vector. */
export const piecesOf = <T>({ linear, other }: Parameters<T>): T[] => [
  ...byName(linear).flatMap(([, { weight, bias }]) => (bias === undefined ? [weight] : [weight, bias])),
  ...byName(other).map(([, p]) => p),
];

export const countOf = (parameters: Parameters<NdArray>): number => piecesOf(parameters).reduce((n, { data }) => n + data.length, 0);

export function flattened(parameters: Parameters<NdArray>): Float64Array {
  const vector = new Float64Array(countOf(parameters));
  let at = 0;
  for (const { data } of piecesOf(parameters)) {
    vector.set(data as Float32Array, at);
    at += data.length;
  }
  return vector;
}

/** The inverse of `flattened`, with the shapes and precisions of other parameters. */
export function unflattened(vector: Float64Array, like: Parameters<NdArray>): Parameters<NdArray> {
  let at = 0;
  const take = ({ shape, data, dtype }: NdArray): NdArray => {
    const own = vector.subarray(at, at + data.length);
    at += data.length;
    return dtype === "f64" ? ndarray(Float64Array.from(own), shape, "f64") : ndarray(Float32Array.from(own), shape, "f32");
  };
  const linear = ({ weight, bias }: Linear<NdArray>): Linear<NdArray> => {
    const w = take(weight);
    return bias ? { weight: w, bias: take(bias) } : { weight: w };
  };
  return {
    linear: Object.fromEntries(byName(like.linear).map(([name, map]) => [name, linear(map)])),
    other: Object.fromEntries(byName(like.other).map(([name, p]) => [name, take(p)])),
  };
}

export function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a x + b y. */
export const combined = (a: number, x: Float64Array, b: number, y: Float64Array): Float64Array => x.map((v, i) => a * v + b * y[i]);

export const allFinite = (x: Float64Array): boolean => x.every(Number.isFinite);
