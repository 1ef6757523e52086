/** The kernel of gibbs.as.ts with two clouds loaded into it. */
import { growingKernel } from "../../tensor/wasm.ts";
import { type Points, sizes } from "./clouds.ts";
import kernelBytes from "./gibbs.wasm.ts";

interface Functions {
  layout(n: number, m: number, d: number): number;
  addressOfX(): number;
  addressOfY(): number;
  addressOfCosts(): number;
  addressOfRows(): number;
  addressOfColumns(): number;
  addressOfHighest(): number;
  addressOfSums(): number;
  rowLength(): number;
  distances(power: number): void;
  sumRows(inverse: number): void;
  sumColumns(inverse: number): void;
  plan(inverse: number): number;
  kernelSum(gamma: number): number;
}

const gibbs = growingKernel<Functions>(kernelBytes);

/** Computes |x_i - y_j|^power; the views are valid until the next call. */
export function loadClouds(x: Points, y: Points, power: 1 | 2) {
  const { n, m, d } = sizes(x, y);
  const { call, memory } = gibbs((functions) => functions.layout(n, m, d));
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
    sums: view(call.addressOfSums(), Math.max(n, row)),
  };
}
