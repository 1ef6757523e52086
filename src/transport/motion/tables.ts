/** Results as tables: columns of numbers and names. */

import type { Population } from "../../data/population.ts";
import type { Column } from "../../data/table.ts";
import type { Fates } from "./fates.ts";
import type { FeatureCurve } from "./features.ts";
import type { Fields } from "./fields.ts";
import type { Frame } from "./frames.ts";

/** trajectories: every particle of the first snapshot at every frame, its weight where the method grows, and the fields there. */
export function trajectoriesTable(data: Population, all: readonly Frame[], fields: readonly Fields[]): Column[] {
  const [n, d] = all[0].cloud.shape;
  const particle = Float64Array.from({ length: n * all.length }, (_, i) => i % n);
  const frame = (i: number): Frame => all[Math.floor(i / n)];
  const at = (i: number): Fields => fields[Math.floor(i / n)];
  const { growth, action } = fields[0];
  const labels = data.labels?.[0];
  return [
    { name: "particle", values: particle },
    ...(labels ? [{ name: "label", values: Array.from(particle, (p) => labels[p]) }] : []),
    { name: "time", values: particle.map((_, i) => frame(i).time) },
    ...(growth || data.weights ? [{ name: "weight", values: particle.map((p, i) => Math.exp(frame(i).logWeight.data[p])) }] : []),
    ...data.features.map((name, j) => ({ name, values: particle.map((p, i) => frame(i).cloud.data[p * d + j]) })),
    ...data.features.map((name, j) => ({ name: `velocity ${name}`, values: particle.map((p, i) => at(i).velocity.data[p * d + j]) })),
    ...(growth ? [{ name: "growth rate", values: particle.map((p, i) => at(i).growth![p]) }] : []),
    ...(action ? [{ name: "action", values: particle.map((p, i) => at(i).action![p]) }] : []),
  ];
}

/** cells: every observed particle with its velocity, growth rate, action, log density and fates. */
export function cellsTable(
  data: Population,
  fields: readonly Fields[],
  fates: Fates | undefined,
  density?: readonly Float64Array[],
): Column[] {
  const rows = data.snapshots.flatMap((s, k) => Array.from({ length: s.shape[0] }, (_, i) => ({ k, i })));
  const d = data.features.length;
  const number = (f: (r: { k: number; i: number }) => number): Float64Array => Float64Array.from(rows, f);
  const { labels, groups } = data;
  return [
    { name: "time", values: number(({ k }) => data.times[k]) },
    ...(labels ? [{ name: "label", values: rows.map(({ k, i }) => labels[k][i]) }] : []),
    ...(groups ? [{ name: "group", values: rows.map(({ k, i }) => groups[k][i]) }] : []),
    ...data.features.map((name, j) => ({ name, values: number(({ k, i }) => data.snapshots[k].data[i * d + j]) })),
    ...data.features.map((name, j) => ({ name: `velocity ${name}`, values: number(({ k, i }) => fields[k].velocity.data[i * d + j]) })),
    ...(fields[0].growth ? [{ name: "growth rate", values: number(({ k, i }) => fields[k].growth![i]) }] : []),
    ...(fields[0].action ? [{ name: "action", values: number(({ k, i }) => fields[k].action![i]) }] : []),
    ...(density ? [{ name: "log_density", values: number(({ k, i }) => density[k][i]) }] : []),
    ...(fates
      ? fates.names.map((name, j) => ({
          name: `fate ${name}`,
          values: number(({ k, i }) => fates.perSnapshot[k][i * fates.names.length + j]),
        }))
      : []),
  ];
}

/** features: mean and standard deviation of each feature over the moved particles, frame by frame. */
export function featuresTable(curves: readonly FeatureCurve[]): Column[] {
  const rows = curves.flatMap((c) => c.learned.map((p) => ({ ...p, feature: c.feature })));
  return [
    { name: "feature", values: rows.map((r) => r.feature) },
    { name: "time", values: Float64Array.from(rows, (r) => r.time) },
    { name: "mean", values: Float64Array.from(rows, (r) => r.mean) },
    { name: "deviation", values: Float64Array.from(rows, (r) => r.deviation) },
  ];
}

/** fates: from each group of the first snapshot to each of the last, and the growth on the way. */
export function fatesTable({ matrix }: Fates): Column[] {
  return [
    { name: "start", values: [...matrix.starts] },
    ...matrix.ends.map((name, e) => ({ name, values: Float64Array.from(matrix.probability, (row) => row[e]) })),
    { name: "expansion", values: Float64Array.from(matrix.expansion) },
  ];
}
