/** What the kernels of state vectors offer: see state/vectors.as.ts. */
export interface StateKernel {
  layout(qubits: number, states: number, withCopy: boolean): number;
  own(first: number, end: number): void;
  addressOfSums(): number;
  addressOfPsi(): number;
  addressOfWeights(): number;
  addressOfLambda(): number;
  addressOfTable(which: number): number;
  reset(): void;
  spread(qubit: number, c: number, s: number): void;
  turn(a: number, b: number, ta: number, tb: number, kind: number): void;
  turnLane(a: number, b: number, c: number, s: number, tb: number, kind: number): void;
  turnBack(a: number, b: number, ta: number, tb: number, kind: number, slot: number): void;
  turnLaneBack(a: number, b: number, c: number, s: number, tb: number, kind: number, slot: number): void;
  diagonal(bits: number, mask: number): void;
  diagonalInverse(bits: number, mask: number): void;
  permute(bits: number, ofLambda: boolean): void;
  flip(controls: number, target: number, both: boolean): void;
  phase(mask: number, c: number, s: number, both: boolean): number;
  square(factor: number): void;
  weigh(): void;
  depolarize(a: number, b: number, keep: number): void;
  depolarizePair(a: number, b: number, c: number, d: number, keep: number): void;
  mix(first: number, second: number, share: number, both: boolean, shareBack: number): void;
}
