/** State vectors in doubles: see state/vectors.as.ts. */
import * as vectors from "./state/vectors.as";

export { addressOfLambda, addressOfPsi, addressOfSums, addressOfTable, addressOfWeights, own } from "./state/vectors.as";

export function layout(qubits: i32, states: i32, withCopy: bool): usize {
  return vectors.layout<f64>(qubits, states, withCopy);
}

export function reset(): void {
  vectors.reset<f64>();
}

export function spread(qubit: i32, c: f64, s: f64): void {
  vectors.spread<f64>(qubit, c, s);
}

export function turn(a: i32, b: i32, ta: f64, tb: f64, kind: i32): void {
  vectors.turn<f64>(a, b, ta, tb, kind);
}

export function turnLane(a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32): void {
  vectors.turnLane<f64>(a, b, c, s, tb, kind);
}

export function turnBack(a: i32, b: i32, ta: f64, tb: f64, kind: i32, slot: i32): void {
  vectors.turnBack<f64>(a, b, ta, tb, kind, slot);
}

export function turnLaneBack(a: i32, b: i32, c: f64, s: f64, tb: f64, kind: i32, slot: i32): void {
  vectors.turnLaneBack<f64>(a, b, c, s, tb, kind, slot);
}

export function diagonal(bits: i32, mask: i32): void {
  vectors.diagonal<f64>(bits, mask);
}

export function diagonalInverse(bits: i32, mask: i32): void {
  vectors.diagonalInverse<f64>(bits, mask);
}

export function permute(bits: i32, ofLambda: bool): void {
  vectors.permute<f64>(bits, ofLambda);
}

export function flip(controls: i32, target: i32, both: bool): void {
  vectors.flip<f64>(controls, target, both);
}

export function phase(mask: i32, c: f64, s: f64, both: bool): f64 {
  return vectors.phase<f64>(mask, c, s, both);
}

export function square(factor: f64): void {
  vectors.square<f64>(factor);
}

export function weigh(): void {
  vectors.weigh<f64>();
}

export function depolarize(a: i32, b: i32, keep: f64): void {
  vectors.depolarize<f64>(a, b, keep);
}

export function depolarizePair(a: i32, b: i32, c: i32, d: i32, keep: f64): void {
  vectors.depolarizePair<f64>(a, b, c, d, keep);
}

export function mix(first: i32, second: i32, share: f64, both: bool, shareBack: f64): void {
  vectors.mix<f64>(first, second, share, both, shareBack);
}
