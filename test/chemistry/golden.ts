/** A network whose every number was computed elsewhere in f64: three electrons, two nuclei, two determinants. */
import { array, type NdArray } from "../../src/array/index.ts";
import type { Parameters } from "../../src/chemistry/ansatz/ansatz.ts";
import { psiformer } from "../../src/chemistry/ansatz/psiformer.ts";
import type { System } from "../../src/chemistry/systems/system.ts";

export const goldenSystem: System = {
  name: "LiH+",
  title: "three electrons around lithium and hydrogen",
  dimension: 3,
  field: {
    kind: "nuclei",
    nuclei: [
      { symbol: "Li", charge: 3, position: [0, 0, 0] },
      { symbol: "H", charge: 1, position: [0, 0, 3.015] },
    ],
  },
  up: 2,
  down: 1,
  repulsion: 1,
  softening: 0,
};

export const golden = psiformer(goldenSystem, { width: 4, layers: 1, heads: 2, determinants: 2 });

type Float = "f32" | "f64";

/** ½ sin(1.3 i + 2.1 j + 0.7 t). */
const table = (t: number, rows: number, columns: number, dtype: Float): NdArray =>
  array(
    Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => 0.5 * Math.sin(1.3 * i + 2.1 * j + 0.7 * t))),
    dtype,
  );
const row = (t: number, columns: number, dtype: Float): NdArray =>
  array(
    Array.from({ length: columns }, (_, j) => 0.5 * Math.sin(2.1 * j + 0.7 * t)),
    dtype,
  );
const perCentre = (f: (centre: number, orbital: number) => number, dtype: Float): NdArray =>
  array(
    [0, 1].map((I) => Array.from({ length: 6 }, (_, c) => [[f(I, c)]])),
    dtype,
  );

export const goldenParameters = (dtype: Float): Parameters<NdArray> => ({
  linear: {
    embed: { weight: table(0, 9, 4, dtype) },
    "layer0.query": { weight: table(1, 4, 4, dtype) },
    "layer0.key": { weight: table(2, 4, 4, dtype) },
    "layer0.value": { weight: table(3, 4, 4, dtype) },
    "layer0.out": { weight: table(4, 4, 4, dtype) },
    "layer0.mlp1": { weight: table(5, 4, 4, dtype), bias: row(6, 4, dtype) },
    "layer0.mlp2": { weight: table(7, 4, 4, dtype), bias: row(8, 4, dtype) },
    "orbitals.up": { weight: table(9, 4, 6, dtype) },
    "orbitals.down": { weight: table(10, 4, 6, dtype) },
  },
  other: {
    "envelope.up.weight": perCentre(() => 1, dtype),
    "envelope.up.decay": perCentre((I, c) => 0.6 + 0.1 * c + 0.2 * I, dtype),
    "envelope.down.weight": perCentre(() => 1, dtype),
    "envelope.down.decay": perCentre((I, c) => 0.65 + 0.1 * c + 0.2 * I, dtype),
    "jastrow.parallel": array([1.1], dtype),
    "jastrow.antiparallel": array([0.9], dtype),
  },
});

/** Positions, an electron a row, as the engine has them: [3, N, walkers]. */
export const positions = (walkers: readonly (readonly (readonly number[])[])[], dtype: Float): NdArray =>
  array(
    walkers[0][0].map((_, c) => walkers[0].map((_, i) => walkers.map((walker) => walker[i][c]))),
    dtype,
  );
