/** Files of a run: particles, cells, features, fates as CSV and Parquet, models as ONNX, and a copy of the h5ad file with the results in it. */

import { type NdArray, ndarray } from "../../array/index.ts";
import { velocityName } from "../../data/annotated.ts";
import { writeAnnotated } from "../../data/h5ad.ts";
import type { Population } from "../../data/population.ts";
import { type Column, table, uniqueNames } from "../../data/table.ts";
import { writeCsv, writeParquet } from "../../data/write.ts";
import { toOnnx } from "../../onnx/index.ts";
import { concat, greaterEqual, type Tensor } from "../../tensor/index.ts";
import type { ScalarField, Units } from "../../transport/index.ts";
import { version } from "../program.ts";
import type { FeatureCurve } from "./features.ts";
import type { Fates, Fields, Frame, Trained } from "./motion.ts";

type Artifact = (name: string) => string;

/** As CSV and Parquet. Names of features and groups may be those of our own columns, or differ in case alone, which Parquet's readers do not tell apart. */
async function both(artifact: Artifact, name: string, columns: Column[]): Promise<void> {
  const names = uniqueNames(columns.map((c) => c.name));
  const rows = table(
    name,
    columns.map(({ values }, i) => ({ name: names[i], values })),
  );
  await writeCsv(artifact(`${name}.csv`), rows);
  await writeParquet(artifact(`${name}.parquet`), rows);
}

/** trajectories: every particle of the first snapshot at every frame, its weight where the method grows, and the fields there. */
export async function writeTrajectories(
  artifact: Artifact,
  data: Population,
  all: readonly Frame[],
  fields: readonly Fields[],
): Promise<void> {
  const [n, d] = all[0].cloud.shape;
  const particle = Float64Array.from({ length: n * all.length }, (_, i) => i % n);
  const frame = (i: number): Frame => all[Math.floor(i / n)];
  const at = (i: number): Fields => fields[Math.floor(i / n)];
  const { growth, action } = fields[0];
  const labels = data.labels?.[0];
  await both(artifact, "trajectories", [
    { name: "particle", values: particle },
    ...(labels ? [{ name: "label", values: Array.from(particle, (p) => labels[p]) }] : []),
    { name: "time", values: particle.map((_, i) => frame(i).time) },
    ...(growth || data.weights ? [{ name: "weight", values: particle.map((p, i) => Math.exp(frame(i).logWeight.data[p])) }] : []),
    ...data.features.map((name, j) => ({ name, values: particle.map((p, i) => frame(i).cloud.data[p * d + j]) })),
    ...data.features.map((name, j) => ({ name: `velocity ${name}`, values: particle.map((p, i) => at(i).velocity.data[p * d + j]) })),
    ...(growth ? [{ name: "growth rate", values: particle.map((p, i) => at(i).growth![p]) }] : []),
    ...(action ? [{ name: "action", values: particle.map((p, i) => at(i).action![p]) }] : []),
  ]);
}

/** cells: every observed particle with its velocity, growth rate, action, log density and fates. */
export async function writeCells(
  artifact: Artifact,
  data: Population,
  fields: readonly Fields[],
  fates: Fates | undefined,
  density?: readonly Float64Array[],
): Promise<void> {
  const rows = data.snapshots.flatMap((s, k) => Array.from({ length: s.shape[0] }, (_, i) => ({ k, i })));
  const d = data.features.length;
  const number = (f: (r: { k: number; i: number }) => number): Float64Array => Float64Array.from(rows, f);
  const { labels, groups } = data;
  await both(artifact, "cells", [
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
  ]);
}

/** features: mean and standard deviation of each feature over the moved particles, frame by frame. */
export async function writeFeatures(artifact: Artifact, curves: readonly FeatureCurve[]): Promise<void> {
  const rows = curves.flatMap((c) => c.learned.map((p) => ({ ...p, feature: c.feature })));
  await both(artifact, "features", [
    { name: "feature", values: rows.map((r) => r.feature) },
    { name: "time", values: Float64Array.from(rows, (r) => r.time) },
    { name: "mean", values: Float64Array.from(rows, (r) => r.mean) },
    { name: "deviation", values: Float64Array.from(rows, (r) => r.deviation) },
  ]);
}

export async function writeFates(artifact: Artifact, { matrix }: Fates): Promise<void> {
  await both(artifact, "fates", [
    { name: "start", values: [...matrix.starts] },
    ...matrix.ends.map((name, e) => ({ name, values: Float64Array.from(matrix.probability, (row) => row[e]) })),
    { name: "expansion", values: Float64Array.from(matrix.expansion) },
  ]);
}

/** Velocity, growth, action, log density and fates of every cell, written into a copy of the h5ad file; NaN for cells that were left out. */
export async function writeIntoAnnotated(
  path: string,
  data: Population,
  fields: readonly Fields[],
  fates: Fates | undefined,
  density?: readonly Float64Array[],
): Promise<void> {
  const { annotated } = data;
  if (!annotated) return;
  const d = data.features.length;
  const { openAnnotated } = await import("../../data/h5ad.ts");
  const file = await openAnnotated(annotated.path);
  const n = file.obs.rows;
  file.close();
  const spread = (width: number, value: (k: number, i: number, j: number) => number): Float32Array<ArrayBuffer> => {
    const result = new Float32Array(n * width).fill(Number.NaN);
    annotated.rows.forEach((rows, k) =>
      rows.forEach((row, i) => {
        for (let j = 0; j < width; j++) result[row * width + j] = value(k, i, j);
      }),
    );
    return result;
  };
  const matrix = (width: number, value: (k: number, i: number, j: number) => number): NdArray<"f32"> =>
    ndarray(spread(width, value), [n, width], "f32");
  const fateNames = fates && uniqueNames(fates.names.map((name) => `pushforward_fate_${name.replaceAll("/", "_")}`));
  await writeAnnotated(annotated.path, path, {
    obs: {
      ...(fields[0].growth && { pushforward_growth_rate: Float64Array.from(spread(1, (k, i) => fields[k].growth![i])) }),
      ...(fields[0].action && { pushforward_action: Float64Array.from(spread(1, (k, i) => fields[k].action![i])) }),
      ...(density && { pushforward_log_density: Float64Array.from(spread(1, (k, i) => density[k][i])) }),
      ...(fates &&
        Object.fromEntries(
          fateNames!.map((name, j) => [name, Float64Array.from(spread(1, (k, i) => fates.perSnapshot[k][i * fates.names.length + j]))]),
        )),
    },
    obsm: { [velocityName]: matrix(d, (k, i, j) => fields[k].velocity.data[i * d + j]) },
  });
}

/** Rows that the exported models are traced for; they take any number. */
const exportRows = 8;

/** velocity.onnx, and growth.onnx and action.onnx where the method has them: times and features in the user's units to rates in them. */
export async function writeModels(
  write: (name: string, content: Uint8Array) => Promise<string>,
  { model, params }: Trained,
  data: Population,
  units: Units,
  has: { readonly growth: boolean; readonly action: boolean },
): Promise<void> {
  const d = data.features.length;
  const vector = (values: readonly number[]): NdArray => ndarray(Float32Array.from(values), [values.length], "f32");
  const [mean, deviation] = [vector(units.mean), vector(units.deviation)];
  const inputs = [
    ndarray(new Float32Array(exportRows), [exportRows, 1], "f32"),
    ndarray(new Float32Array(exportRows * d), [exportRows, d], "f32"),
  ];
  const metadata = {
    features: JSON.stringify(data.features),
    times: JSON.stringify(data.times),
    noise: String(model.noise / Math.sqrt(units.interval)),
    producer: `pushforward ${version()}`,
  };
  const within = (t: Tensor, x: Tensor) => {
    const [time, at] = [t.sub(units.start).div(units.interval), x.sub(mean).div(deviation)];
    return { time, at, dynamics: model.dynamics(params as never, model.knots && intervalRows(time, model.knots)) };
  };
  const velocity = (t: Tensor, x: Tensor): Tensor => {
    const { time, at, dynamics } = within(t, x);
    return dynamics.drift(time, at).mul(deviation).div(units.interval);
  };
  const scalar = (name: "growth" | "action", unit: number) => (t: Tensor, x: Tensor) => {
    const { time, at, dynamics } = within(t, x);
    return (dynamics[name] as ScalarField)(time, at).div(unit);
  };
  const fields: Record<string, (t: Tensor, x: Tensor) => Tensor> = {
    velocity,
    ...(has.growth && { growth: scalar("growth", units.interval) }),
    ...(has.action && { action: scalar("action", 1) }),
  };
  for (const [name, f] of Object.entries(fields))
    await write(`artifacts/${name}.onnx`, toOnnx(f, inputs, { inputNames: ["t", "x"], outputNames: [name], metadata, anyRows: true }));
}

/** One-hot rows [B, K - 1] of the interval that each time [B, 1] lies in; times outside belong to the first or the last. */
function intervalRows(t: Tensor, knots: readonly number[]): Tensor {
  const passed = knots.slice(1, -1).map((k) => greaterEqual(t, k).cast(t.dtype));
  const one = t.mul(0).add(1);
  return concat(
    [one, ...passed].map((p, k) => (k < passed.length ? p.sub(passed[k]) : p)),
    1,
  );
}
