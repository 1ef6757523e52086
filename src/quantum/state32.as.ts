/** State vectors in singles, half the memory and twice the speed: see state/vectors.as.ts. */
import * as vectors from "./state/vectors.as";

export { addressOfLambda, addressOfPsi, addressOfSums, addressOfTable, addressOfWeights, own } from "./state/vectors.as";

export function layout(qubits: i32, states: i32, withCopy: bool): usize {
  return vectors.layout<f32>(qubits, states, withCopy);
}

export function reset(): void {
  vectors.reset<f32>();
}

export function spread(qubit: i32, c: f64, s: f64): void {
  vectors.spread<f32>(qubit, c, s);
}

export function turn(a: i32, b: i32, ta: f64, tb: f64, kind: i32): void {
  vectors.turn<f32>(a, b, ta, tb, kind);
}

export function turnLane(a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32): void {
  vectors.turnLane<f32>(a, b, c, s, tb, kind);
}

export function turnBack(a: i32, b: i32, ta: f64, tb: f64, kind: i32, slot: i32): void {
  vectors.turnBack<f32>(a, b, ta, tb, kind, slot);
}

export function turnLaneBack(a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32, slot: i32): void {
  vectors.turnLaneBack<f32>(a, b, c, s, tb, kind, slot);
}

export function diagonal(bits: i32, mask: i32): void {
  vectors.diagonal<f32>(bits, mask);
}

export function diagonalInverse(bits: i32, mask: i32): void {
  vectors.diagonalInverse<f32>(bits, mask);
}

export function permute(bits: i32, ofLambda: bool): void {
  vectors.permute<f32>(bits, ofLambda);
}

export function flip(controls: i32, target: i32, both: bool): void {
  vectors.flip<f32>(controls, target, both);
}

export function phase(mask: i32, c: f64, s: f64, both: bool): f64 {
  return vectors.phase<f32>(mask, c, s, both);
}

export function square(factor: f64): void {
  vectors.square<f32>(factor);
}

export function weigh(): void {
  vectors.weigh<f32>();
}
