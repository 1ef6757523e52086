/** A network as an ONNX model. */
import { ndarray } from "../../array/index.ts";
import { toOnnx } from "../../onnx/index.ts";
import * as t from "../../tensor/index.ts";
import type { BinaryNetwork, NetworkLayer } from "./network.ts";
import type { Activation } from "./schema.ts";

const functions: Readonly<Record<Activation, (z: t.Tensor) => t.Tensor>> = {
  relu: t.relu,
  sigmoid: t.sigmoid,
  tanh: t.tanh,
  sign: (z) => t.where(t.less(z, 0), t.scalar(-1, "f32"), t.scalar(1, "f32")),
  identity: (z) => z,
};

const constant = (values: readonly number[], shape: readonly number[]): t.Tensor =>
  t.constant(ndarray(Float32Array.from(values), shape, "f32"));

const affine = (h: t.Tensor, { weights, biases, inputs, units }: NetworkLayer): t.Tensor =>
  t.matmul(h, constant(weights, [inputs, units])).add(constant(biases, [units]));

/**
 * Takes features [rows, d] in the units of the training, gives the probabilities of both classes [rows, 2].
 * @param metadata  of the file, such as names of features and classes
 */
export function networkOnnx({ layers, features, temper }: BinaryNetwork, metadata: Readonly<Record<string, string>>): Uint8Array {
  const program = (x: t.Tensor): t.Tensor => {
    const masked = features.every(Boolean) ? x : x.mul(constant(features.map(Number), [features.length]));
    const h = layers.slice(0, -1).reduce((before, layer) => {
      const after = functions[layer.activation](affine(before, layer)).mul(constant(layer.on.map(Number), [layer.units]));
      return layer.residual ? after.add(before) : after;
    }, masked);
    const p = t.sigmoid(affine(h, layers[layers.length - 1]).mul(temper));
    return t.concat([t.scalar(1, "f32").sub(p), p], -1);
  };
  const input = ndarray(new Float32Array(features.length), [1, features.length], "f32");
  return toOnnx(program, [input], { inputNames: ["x"], outputNames: ["probabilities"], metadata, anyRows: true });
}
