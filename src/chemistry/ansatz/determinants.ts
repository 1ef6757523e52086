/** Sums of determinants of orbitals, differentiable to any order also where single determinants vanish. */
import { array } from "../../array/index.ts";
import { argmax, concat, constant, equal, iota, log, oneHot, pad, sign, stopGradient, type Tensor, where } from "../../tensor/index.ts";
import type { Wave } from "./ansatz.ts";

/** Up to so many electrons determinants are polynomials of minors, in any precision; beyond by elimination in f64. */
const mostByMinors = 6;

/** log |Σ_k det Φ^k| and the sign. @param orbitals  Φ [determinants, orbital, electron, walkers] */
export const sumOfDeterminants = (orbitals: Tensor): Wave => sumOfProducts([orbitals]);

/**
 * log |Σ_k Π_s det Φ^ks| and the sign, one logarithm in all: no determinant has one of its own, so that any may vanish. Rows of electrons are
 * scaled by their largest element first, a constant to derivatives: ψ is the same for every scale.
 *
 * @param blocks  Φ^s of the electrons that share a determinant [determinants, orbital, electron, walkers]: all of them, or those of each spin
 */
export function sumOfProducts(blocks: readonly Tensor[]): Wave {
  const eliminates = ({ shape }: Tensor): boolean => shape[1] > mostByMinors;
  const wide = blocks.some(eliminates);
  const parts = blocks.map((orbitals) => {
    const phi = wide ? orbitals.cast("f64") : orbitals;
    const scale = stopGradient(phi.abs().max([0, 1], true));
    const safe = where(equal(scale, 0), 1, scale);
    const scaled = phi.div(safe);
    return { determinant: eliminates(phi) ? byElimination(scaled) : byMinors(scaled), logScale: log(safe).sum([0, 1, 2]) };
  });
  const [first, ...rest] = parts;
  const total = rest.reduce((product, { determinant }) => product.mul(determinant), first.determinant).sum(0);
  const logAbs = rest.reduce((sum, { logScale }) => sum.add(logScale), log(total.abs()).add(first.logScale));
  return { logAbs: logAbs.cast(blocks[0].dtype), sign: sign(total).cast(blocks[0].dtype) };
}

/** Orbitals of both spins in one matrix with zeros where they do not meet: [determinants, N, N, walkers]. */
export function blockDiagonal(blocks: readonly Tensor[]): Tensor {
  const n = blocks.reduce((sum, { shape }) => sum + shape[2], 0);
  let before = 0;
  const rows = blocks.map((block) => {
    const [, orbitals, electrons] = block.shape;
    const widths = orbitals === n ? undefined : ([before, n - before - orbitals] as const);
    before += electrons;
    return widths ? pad(block, [widths, [0, 0], [0, 0]]) : block;
  });
  return joined(rows, 2);
}

/** Subsets of m of n things, in lexical order. */
function subsets(n: number, m: number, from = 0): number[][] {
  if (m === 0) return [[]];
  const firsts = Array.from({ length: n - from }, (_, i) => from + i);
  return firsts.flatMap((first) => subsets(n, m - 1, first + 1).map((rest) => [first, ...rest]));
}

/** A matrix whose row r is the sign s_r at column c_r. */
const selection = (rows: readonly (readonly [column: number, sign: number])[], columns: number, dtype: "f32" | "f64"): Tensor =>
  constant(
    array(
      rows.map(([c, s]) => Array.from({ length: columns }, (_, j) => (j === c ? s : 0))),
      dtype,
    ),
  );

/** Minors of consecutive orbitals over every subset of the electrons: [determinants, subsets, walkers], by Laplace's expansion along the last. */
function minors(columns: readonly Tensor[], n: number, dtype: "f32" | "f64"): Tensor {
  let known = columns[0];
  for (let m = 2; m <= columns.length; m++) {
    const [smaller, larger] = [subsets(n, m - 1), subsets(n, m)];
    const index = new Map(smaller.map((s, i) => [s.join(), i]));
    const elements: (readonly [number, number])[] = [];
    const rests: (readonly [number, number])[] = [];
    for (let t = 0; t < m; t++)
      for (const subset of larger) {
        elements.push([subset[t], (t + m - 1) % 2 ? -1 : 1]);
        rests.push([index.get(subset.toSpliced(t, 1).join()) ?? 0, 1]);
      }
    const [k, , walkers] = known.shape;
    const terms = selection(elements, n, dtype)
      .matmul(columns[m - 1])
      .mul(selection(rests, smaller.length, dtype).matmul(known));
    known = terms.reshape([k, m, larger.length, walkers]).sum(1);
  }
  return known;
}

/**
 * det = Σ_S ± (minor of the first half over S) (minor of the second half over the rest): Laplace's expansion by complementary minors.
 *
 * @param a  [determinants, n, n, walkers] -> [determinants, walkers]
 */
function byMinors(a: Tensor): Tensor {
  const n = a.shape[1];
  const dtype = a.dtype === "f64" ? "f64" : "f32";
  const columns = Array.from({ length: n }, (_, j) => a.slice([], [j, j + 1]).squeeze(1));
  if (n === 1) return columns[0].squeeze(1);
  const half = n >> 1;
  const first = minors(columns.slice(0, half), n, dtype);
  const second = minors(columns.slice(half), n, dtype);
  const others = new Map(subsets(n, n - half).map((s, i) => [s.join(), i]));
  const all = Array.from({ length: n }, (_, i) => i);
  const partners = subsets(n, half).map((s) => {
    const parity = s.reduce((sum, electron, place) => sum + electron - place, 0) % 2;
    return [others.get(all.filter((i) => !s.includes(i)).join()) ?? 0, parity ? -1 : 1] as const;
  });
  return first.mul(selection(partners, others.size, dtype).matmul(second)).sum(1);
}

/**
 * Product of the pivots of elimination with partial pivoting, unrolled; which row is the pivot's is a constant to derivatives. A pivot of
 * zero ends the product: the determinant is 0.
 */
function byElimination(a: Tensor): Tensor {
  const [k, n, , walkers] = a.shape;
  const dtype = a.dtype === "f64" ? "f64" : "f32";
  let rest = a;
  let product: Tensor | undefined;
  for (let m = n; m >= 1; m--) {
    const column = rest.slice([], [0, 1]).squeeze(1);
    const place = stopGradient(argmax(column.abs(), 1));
    const chosen = oneHot(place, m, dtype).transpose([0, 2, 1]);
    const row = rest.mul(chosen.expandDims(1)).sum(2);
    const pivot = row.slice([], [0, 1]).squeeze(1);
    const signed = pivot.mul(where(equal(place, 0), 1, -1).cast(dtype));
    product = product ? product.mul(signed) : signed;
    if (m === 1) break;
    // the first row takes the place of the pivot's
    const free = equal(
      iota(m - 1)
        .add(1)
        .reshape([1, 1, m - 1, 1]),
      place.reshape([k, 1, 1, walkers]),
    );
    const below = where(free, rest.slice([], [], [0, 1]), rest.slice([], [], [1, m]));
    const multipliers = below.slice([], [0, 1]).div(where(equal(pivot, 0), 1, pivot).reshape([k, 1, 1, walkers]));
    rest = below.slice([], [1, m]).sub(multipliers.mul(row.slice([], [1, m]).expandDims(2)));
  }
  return product ?? a;
}

/** Rows of given orbitals put together: electrons of spin up, then down. [..., electron, walkers] */
export const joined = (pieces: readonly Tensor[], axis: number): Tensor => (pieces.length === 1 ? pieces[0] : concat(pieces, axis));
