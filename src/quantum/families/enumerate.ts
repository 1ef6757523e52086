/** The losses of all networks of a family, exactly. */
import { growingKernel } from "../../array/wasm.ts";
import { bitsOf, type CostTable, checkBits, costTable } from "../landscape/table.ts";
import { popcount } from "../landscape/walsh.ts";
import kernelBytes from "./enumerate.wasm.ts";
import { beforeLast, type Factor, factorsOf } from "./factors.ts";
import type { Family } from "./family.ts";
import { decode } from "./network.ts";
import { lossOf, mergeRows, type Points } from "./points.ts";

interface Functions {
  layout(points: number, groups: number, settings: number, runs: number, combinations: number): number;
  addressOf(what: number): number;
  enumerate(squares: boolean): void;
}

const kernel = growingKernel<Functions>(kernelBytes);

/** Largest |logit| whose exponential is a double. */
const largestLogit = 700;
/** Doubles that the rows of a factor may take, and points that are evaluated in one go. */
const [mostDoubles, piece] = [2 ** 22, 2 ** 24];

/** All losses at once. @throws UserError  for more bits than can be tabulated */
export function enumerateNetworks(family: Family, data: Points): CostTable {
  const steps = enumeration(family, data);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** The same piece by piece, with the share that is done. */
export function* enumeration(family: Family, data: Points): Generator<number, CostTable> {
  checkBits(family.bits, family.name);
  const merged = mergeRows(data);
  const costs = new Float64Array(2 ** family.bits);
  const { outside, factors } = factorsOf(family, Math.max(2, Math.floor(mostDoubles / merged.count)));
  const padded = paddedRuns(merged);
  const combinations = 2 ** outside.length;
  for (let c = 0; c < combinations; c++) {
    const s = new Uint8Array(family.bits);
    outside.forEach((bit, at) => {
      s[bit] = (c >> at) & 1;
    });
    const h = beforeLast(decode(family, s), merged.x);
    const tables = factors.map((factor) => tableOf(factor, s, h, family, merged));
    const bound = tables.reduce((sum, { most }) => sum + most, 0);
    const steps = bound < largestLogit ? products(tables, s, family, padded, costs) : plainly(tables, s, family, merged, costs);
    for (const share of steps) yield (c + share) / combinations;
  }
  const { unitPenalty } = family.spec;
  if (unitPenalty > 0) addPenalty(costs, family, unitPenalty);
  return costTable(costs, family.name);
}

interface FactorTable {
  /** What each setting adds to the index. */
  readonly codes: Int32Array;
  /** Signed terms (1 - 2 y) z of each setting. */
  readonly rows: readonly Float64Array[];
  readonly most: number;
}

function tableOf({ bits, term }: Factor, outer: Uint8Array, h: Float64Array, family: Family, { y }: Points): FactorTable {
  const s = outer.slice();
  const settings = Array.from({ length: 2 ** bits.length }, (_, k) => bitsOf(k, bits.length));
  const rows = settings.map((setting) => {
    bits.forEach((bit, at) => {
      s[bit] = setting[at];
    });
    const row = term(decode(family, s), h);
    for (let i = 0; i < row.length; i++) if (y[i] === 1) row[i] = -row[i];
    return row;
  });
  const codes = Int32Array.from(settings, (setting) => bits.reduce((sum, bit, at) => sum + setting[at] * placeOf(bit, family), 0));
  return { codes, rows, most: rows.reduce((most, row) => row.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0) };
}

const placeOf = (bit: number, { bits }: Family): number => 2 ** (bits - 1 - bit);

interface Padded {
  /** Which point stands where; -1 where none does. */
  readonly order: Int32Array;
  readonly runs: readonly number[];
  readonly weights: readonly number[];
}

/** Points by weight; runs of one weight are filled up to multiples of four. */
function paddedRuns({ weights }: Points): Padded {
  const sorted = Array.from(weights.keys()).sort((a, b) => weights[a] - weights[b]);
  const [order, runs, values]: number[][] = [[], [0], []];
  sorted.forEach((point, at) => {
    order.push(point);
    if (at + 1 < sorted.length && weights[sorted[at + 1]] === weights[point]) return;
    while (order.length % 4 !== 0) order.push(-1);
    runs.push(order.length);
    values.push(weights[point]);
  });
  return { order: Int32Array.from(order), runs, weights: values };
}

/** By the kernel: leading factors here, so that a piece takes no longer than a moment. */
function* products(tables: readonly FactorTable[], s: Uint8Array, family: Family, padded: Padded, costs: Float64Array): Generator<number> {
  const { order, runs, weights } = padded;
  const count = order.length;
  let lead = 0;
  const leavesFrom = (from: number): number => tables.slice(from).reduce((product, { codes }) => product * codes.length, 1);
  while (lead < tables.length - 1 && leavesFrom(lead) * count > piece) lead++;
  const inner = tables.slice(lead);
  const settings = inner.reduce((sum, { codes }) => sum + codes.length, 0);
  const leaves = inner.reduce<readonly number[]>((all, { codes }) => all.flatMap((k) => Array.from(codes, (code) => k + code)), [0]);
  const { call, memory } = kernel((f) => f.layout(count, inner.length, settings, weights.length, leaves.length));
  const doubles = (what: number, length: number) => new Float64Array(memory.buffer, call.addressOf(what), length);
  const integers = (what: number, length: number) => new Int32Array(memory.buffer, call.addressOf(what), length);
  integers(0, inner.length).set(inner.map(({ codes }) => codes.length));
  integers(1, runs.length).set(runs);
  doubles(2, weights.length).set(weights);
  const own = doubles(4, settings * count);
  inner.flatMap(({ rows }) => rows).forEach((row, at) => exponentials(row, order, own.subarray(at * count, (at + 1) * count)));
  const outer = s.reduce((sum, bit, i) => sum + bit * placeOf(i, family), 0);
  const leading = tables.slice(0, lead);
  const calls = leading.reduce((product, { codes }) => product * codes.length, 1);
  const losses = doubles(5, leaves.length);
  for (let at = 0; at < calls; at++) {
    let [rest, code] = [at, outer];
    const sum = new Float64Array(tables[0].rows[0].length);
    for (const { codes, rows } of leading) {
      const k = rest % codes.length;
      rest = Math.floor(rest / codes.length);
      code += codes[k];
      rows[k].forEach((a, i) => (sum[i] += a));
    }
    exponentials(sum, order, doubles(3, count));
    call.enumerate(family.spec.loss === "squared");
    leaves.forEach((leaf, i) => (costs[code + leaf] = losses[i]));
    yield (at + 1) / calls;
  }
}

/** e^a of the points in their order; 0 where none stands. */
function exponentials(row: Float64Array, order: Int32Array, target: Float64Array): void {
  for (let i = 0; i < order.length; i++) target[i] = order[i] < 0 ? 0 : Math.exp(row[order[i]]);
}

/** Network by network, for logits whose exponentials would overflow. */
function* plainly(tables: readonly FactorTable[], s: Uint8Array, family: Family, data: Points, costs: Float64Array): Generator<number> {
  const outer = s.reduce((sum, bit, i) => sum + bit * placeOf(i, family), 0);
  const indices = tables.reduce((all, { codes }) => all.flatMap((k) => Array.from(codes, (code) => k + code)), [outer]);
  const spec = { spec: { ...family.spec, unitPenalty: 0 } };
  for (const [at, k] of indices.entries()) {
    costs[k] = lossOf(spec, decode(family, bitsOf(k, family.bits)), data);
    if (at % 256 === 0) yield at / indices.length;
  }
}

/** λ for each hidden unit that is on. */
function addPenalty(costs: Float64Array, family: Family, penalty: number): void {
  const chosen = family.groups.filter((g) => g.is === "units");
  const mask = chosen
    .flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
    .reduce((m, bit) => m + placeOf(bit, family), 0);
  const total = family.spec.layers.slice(0, -1).reduce((sum, { units }) => sum + units, 0);
  const fixed = total - popcount(mask);
  costs.forEach((_, k) => {
    costs[k] += penalty * (fixed + popcount(k & mask));
  });
}
