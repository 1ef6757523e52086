/** Wave functions as ONNX models that any runtime can load. */
import { allocate, type NdArray } from "../array/index.ts";
import { toOnnx } from "../onnx/index.ts";
import { constant, type Tensor } from "../tensor/index.ts";
import { type Ansatz, type Linear, type Parameters, waveOf } from "./ansatz/ansatz.ts";
import { plainNetwork } from "./ansatz/network.ts";
import { electronsOf, type System } from "./systems/system.ts";
import { walkersLast } from "./walkers/walk.ts";

/** Parameters as constants of a program. */
const constants = ({ linear, other }: Parameters<NdArray>): Parameters<Tensor> => ({
  linear: Object.fromEntries(
    Object.entries(linear).map(([name, { weight, bias }]): [string, Linear<Tensor>] => [
      name,
      bias ? { weight: constant(weight), bias: constant(bias) } : { weight: constant(weight) },
    ]),
  ),
  other: Object.fromEntries(Object.entries(other).map(([name, p]) => [name, constant(p)])),
});

/**
 * x [walkers, N · dimension], electron by electron, spin up first, in bohr -> log_abs and sign of ψ, [walkers] each; any number of walkers.
 */
export function waveModel(system: System, ansatz: Ansatz, parameters: Parameters<NdArray>, producer: string): Uint8Array {
  const program = (x: Tensor): { logAbs: Tensor; sign: Tensor } => {
    const { logAbs, sign } = waveOf(ansatz, walkersLast(system, x), plainNetwork(constants(parameters)));
    return { logAbs, sign };
  };
  const metadata = { system: JSON.stringify(system), ansatz: ansatz.name, units: "bohr", producer };
  const width = electronsOf(system) * system.dimension;
  return toOnnx(program, [allocate("f32", [2, width])], { inputNames: ["x"], outputNames: ["log_abs", "sign"], metadata, anyRows: true });
}
