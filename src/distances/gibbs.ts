/** The kernel of gibbs.as.ts with two clouds loaded into it. */
import { growingKernel } from "../array/wasm.ts";
import { type Points, sizes } from "./clouds.ts";
import kernelBytes from "./gibbs.wasm.ts";

interface Functions {
  layout(n: number, m: number, d: number, withGibbs: boolean): number;
  addressOfX(): number;
  addressOfY(): number;
  addressOfCosts(): number;
  addressOfRows(): number;
  addressOfColumns(): number;
  addressOfHighest(): number;
  addressOfSums(): number;
  addressOfA(): number;
  addressOfB(): number;
  addressOfRowScales(): number;
  addressOfColumnScales(): number;
  addressOfGibbs(): number;
  rowLength(): number;
  distances(power: number): void;
  sumRows(inverse: number): void;
  sumColumns(inverse: number): void;
  absorb(inverse: number): number;
  scale(): number;
  kernelSum(gamma: number): number;
}

const gibbs = growingKernel<Functions>(kernelBytes);

/** Computes |x_i - y_j|^power; the views are valid until the next call. `withGibbs` makes room for the matrix K. */
export function loadClouds(x: Points, y: Points, power: 1 | 2, withGibbs = false) {
  const { n, m, d } = sizes(x, y);
  const { call, memory } = gibbs((functions) => functions.layout(n, m, d, withGibbs));
  const view = (address: number, length: number) => new Float64Array(memory.buffer, address, length);
  const row = call.rowLength();
  view(call.addressOfX(), n * d).set(x.data);
  const y64 = view(call.addressOfY(), d * row).fill(0);
  for (let k = 0; k < d; k++) for (let j = 0; j < m; j++) y64[k * row + j] = y.data[j * d + k];
  call.distances(power);
  return {
    ...{ call, n, m, row },
    costs: view(call.addressOfCosts(), n * row),
    rows: view(call.addressOfRows(), n).fill(0),
    // the column that only fills the stride stays 0: its cost is infinite
    columns: view(call.addressOfColumns(), row).fill(0),
    highest: view(call.addressOfHighest(), Math.max(n, row)),
    a: view(call.addressOfA(), n),
    b: view(call.addressOfB(), row).fill(0),
    rowScales: view(call.addressOfRowScales(), n),
    columnScales: view(call.addressOfColumnScales(), row),
    gibbs: view(call.addressOfGibbs(), withGibbs ? n * row : 0),
    sums: view(call.addressOfSums(), Math.max(n, row)),
  };
}
