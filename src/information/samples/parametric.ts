/** Canonical correlations and tables as parts of the work. */
import type { Random } from "../../array/index.ts";
import { list } from "../../data/table.ts";
import { formatNumber } from "../../numbers.ts";
import { type Canonical, canonical } from "./gaussian.ts";
import { type Measured, nothing, type Part } from "./measured.ts";
import { baselineOf } from "./nearest.ts";
import { isDiscrete, isLabel, type Side } from "./side.ts";
import { binned, binsFor, entropy, tableInformation } from "./table.ts";

/** Canonical correlation from which z is taken for a function of x. */
const certain = 1 - 1e-9;
/** Standard errors of Mardia's kurtosis from which pairs are not normal, and rows that a column needs. */
const limits = { kurtosis: 4, rowsPerColumn: 10 };

/** Points that a picture still shows as points. */
export const mostShown = 3000;

/** The information of normal pairs with these covariances. */
export async function linear(pairs: readonly [Side, Side], rng: Random): Promise<Part> {
  const skip = (why: string): Part => ({ ...nothing, skipped: [{ method: "cca", why }] });
  const labels = pairs.flatMap((side) => side.names.filter((_, c) => isLabel(side, c)));
  if (labels.length > 0) return skip(`${list(labels)} ${labels.length === 1 ? "is a label" : "are labels"}: correlations need numbers`);
  const [x, z] = pairs;
  const found = await canonical(x, z);
  const columns = x.columns.length + z.columns.length;
  if (!found) return skip("a covariance has no inverse: columns depend on each other linearly, or there are too few rows");
  const [shownX, shownZ] = [found.first.x, found.first.z].map((values) => Array.from(values.slice(0, mostShown)));
  const shown = { x: shownX, z: shownZ, correlations: found.correlations };
  if (found.correlations[0] > certain)
    return {
      ...nothing,
      canonical: shown,
      skipped: [{ method: "cca", why: "a canonical correlation is 1: I is infinite" }],
      notes: ["a linear function of x is one of z, exactly: I is infinite, and every number below only says how many rows there are"],
    };
  const [baseline] = await baselineOf(async (a, b) => [(await canonical(a, b))?.value ?? 0], pairs, rng);
  const doubt = linearDoubt(found, x.rows, columns);
  const measured: Measured = {
    ...{ method: "cca", name: "CCA (Gaussian)", kind: "estimate", mean: found.value, se: found.se, baseline, pairs: x.rows },
    valid: doubt === undefined,
    why: doubt ?? "exact for jointly normal pairs, and their kurtosis does not speak against that; its bias is taken out",
  };
  return { ...nothing, measured: [measured], canonical: shown };
}

function linearDoubt({ kurtosis }: Canonical, rows: number, columns: number): string | undefined {
  if (rows < limits.rowsPerColumn * columns) return `${rows} rows for ${columns} columns: covariances are not known well enough`;
  if (Math.abs(kurtosis) > limits.kurtosis)
    return `not jointly normal (Mardia's kurtosis is ${formatNumber(kurtosis)} standard errors off): it sees linear dependence only`;
  return undefined;
}

/** Labels counted, numbers in bins of equally many rows. */
export async function counted(pairs: readonly [Side, Side], rng: Random): Promise<Part> {
  const [x, z] = pairs;
  const bins = binsFor(x, z);
  const both = isDiscrete(x) && isDiscrete(z);
  if (!both && bins < 2)
    return { ...nothing, skipped: [{ method: "histogram", why: `${x.rows} rows do not fill two bins a column with five rows a cell` }] };
  const estimate = (a: Side, b: Side) => tableInformation(binned(a, bins), binned(b, bins));
  const found = estimate(x, z);
  const [baseline] = await baselineOf(async (a, b) => [estimate(a, b).value], pairs, rng);
  const [mx, mz] = [x, z].map((side) => binned(side, bins).reduce((a, b) => Math.max(a, b), 0) + 1);
  const filled = x.rows >= rowsPerCell * mx * mz;
  const why = both
    ? filled
      ? `frequencies of ${mx} × ${mz} labels with the correction of Miller and Madow`
      : `${x.rows} rows for ${mx} × ${mz} cells, fewer than five a cell: frequencies are no probabilities yet`
    : `${bins} bins a column of numbers: what happens within bins is lost, so it is low by an unknown amount`;
  const measured: Measured = {
    ...{ method: "histogram", name: both ? "plug-in" : "histogram", kind: "estimate", mean: found.value, se: found.se },
    ...{ valid: both && filled, why, baseline, cap: Math.log(Math.min(mx, mz)), pairs: x.rows },
  };
  return { ...nothing, measured: [measured] };
}

const rowsPerCell = 5;

/** What a side of labels can be known at most: its entropy. */
export interface EntropyCap {
  readonly side: "x" | "z";
  readonly labels: number;
  readonly mean: number;
  readonly se: number;
  /** Whether all labels have been seen often enough for an entropy. */
  readonly valid: boolean;
}

export function entropyCaps(x: Side, z: Side): EntropyCap[] {
  return (
    [
      ["x", x],
      ["z", z],
    ] as const
  ).flatMap(([name, side]) => {
    if (side.columns.length === 0 || !isDiscrete(side)) return [];
    const code = binned(side, 1);
    const found = entropy(code);
    const labels = code.reduce((a, b) => Math.max(a, b), 0) + 1;
    return [{ side: name, labels, mean: Math.min(found.value, Math.log(labels)), se: found.se, valid: rowsPerCell * labels <= side.rows }];
  });
}
